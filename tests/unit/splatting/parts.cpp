// A C face of the parts of the core that the package itself only uses inside a fit (parts.py).
#include <cstdlib>
#include <new>

#include "trainer.hpp"

using namespace vid3d;

// Counts every allocation of this library, which is linked with -Bsymbolic.
static long allocated = 0;
void* operator new(size_t size) {
    allocated++;
    return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

// The defaults of Rasterisation.
Settings white(int width, int height) { return {width, height, {1, 1, 1}, 0.2f, 0.99f, 0.3f}; }

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

// planes: u, v, conic a, b, c of `count` splats; boxes: x0, x1, y0, y1 of each, empty where it is not drawn
void projection(const float* splats, int count, const Camera* camera, int width, int height, float* planes,
                int* boxes) {
    Projected p;
    project(p, Gaussians(splats, count), *camera, white(width, height));
    const std::vector<float>* from[5] = {&p.u, &p.v, &p.conic_a, &p.conic_b, &p.conic_c};
    for (int k = 0; k < 5; k++) std::copy_n(from[k]->begin(), count, planes + k * count);
    for (int i = 0; i < count; i++) {
        const int box[4] = {p.box[i].x0, p.box[i].x1, p.box[i].y0, p.box[i].y1};
        std::copy_n(box, 4, boxes + 4 * i);
    }
}

// given: dL/d(u, v, Sigma's entries a, b, c), planes of `count`; gradients: (14, count)
void projection_gradients(const float* splats, int count, const Camera* camera, int width, int height,
                          const float* given, float* gradients) {
    const Gaussians g(splats, count);
    const Settings settings = white(width, height);
    Projected projected;
    ProjectedGradients d;
    project(projected, g, *camera, settings);
    d.reset(projected.stride);
    std::vector<float>* to[5] = {&d.u, &d.v, &d.sigma_a, &d.sigma_b, &d.sigma_c};
    for (int k = 0; k < 5; k++) std::copy_n(given + k * count, count, to[k]->begin());
    Gaussians out(count);
    project_backward(out, g, projected, d, *camera, settings);
    out.copy_to(gradients);
}

// Vectors of pixels that compositing one view evaluates at most: those of all rows that the ellipses cover.
long vectors_of_a_view(const float* splats, int count, const Camera* camera, int width, int height) {
    Projected projected;
    Bins bins;
    project(projected, Gaussians(splats, count), *camera, white(width, height));
    bins.fill(projected, width, height);
    long vectors = 0;
    for (int t = 0; t < bins.tiles_x * bins.tiles_y; t++)
        for (int j = bins.start[t]; j < bins.start[t + 1]; j++) {
            const Spans spans(bins.records[bins.ids[j]], t % bins.tiles_x * TILE, t / bins.tiles_x * TILE);
            for (int r = spans.y0; r < spans.y1; r++)
                vectors += (std::max(spans.last[r] - spans.first[r], 0) + LANES - 1) / LANES;
        }
    return vectors;
}

// Allocations of the last `counted` of some steps of a fit with constant rates, one view each.
long allocations_of_steps(const float* splats, int count, const Camera* cameras, const float* targets, int views,
                          int width, int height, float rate, int steps, int counted) {
    Trainer trainer(Gaussians(splats, count), std::vector<Camera>(cameras, cameras + views), targets,
                    white(width, height), {1, 1, 0}, 0.98);
    const float rates[GROUPS] = {rate, rate, rate, rate, rate};
    long before = 0;
    for (int step = 0; step < steps; step++) {
        if (step == steps - counted) before = allocated;
        trainer.accumulate(step % views);
        trainer.update(rates);
    }
    return allocated - before;
}
}
