// A C face of the parts of the core that the package itself only uses inside a fit (parts.py).
#include "densification.hpp"
#include "loss.hpp"

using namespace vid3d;

namespace {

Densification planned(const float* splats, int count, const float* mean_gradients, const DensityRules* rules) {
    return Densification(Gaussians(splats, count), mean_gradients, *rules);
}

}  // namespace

extern "C" {

double image_loss(const float* image, const float* target, float* gradient, int width, int height, float ssim_weight,
                  float l1_weight) {
    Loss loss(width, height);
    loss.add_target(target);
    return loss.image_loss(gradient, image, 0, ssim_weight, l1_weight);
}

// numbers: clones, splits
void plan(const float* splats, int count, const float* mean_gradients, const DensityRules* rules, int* numbers) {
    const Densification densification = planned(splats, count, mean_gradients, rules);
    numbers[0] = densification.clones(), numbers[1] = densification.splits();
}

// after: room for (14, count + clones + splits) floats, of which (14, the result) are written
int densify(const float* splats, int count, const float* mean_gradients, const DensityRules* rules,
            const float* normals, float* after) {
    Gaussians first(count), second(count);
    const Gaussians result = planned(splats, count, mean_gradients, rules)
                                 .apply(Gaussians(splats, count), normals, first, second);
    result.copy_to(after);
    return result.count();
}
}
