// A small fit by the C++ core alone, for processors that have no Python here: prints every number that it comes to.
//
// Nothing is read, and the scene needs no function that a C library may round in its own way, so that whatever differs
// between two builds, differs by the core.  Lines: `loss STEP VALUE`, `count N`, `splats PLANE SPLAT VALUE`,
// `image PIXEL VALUE`; values are hexadecimal floats.  An argument multiplies the number of steps, for timing.
#include <cstdio>
#include <cstdlib>

#include "trainer.hpp"

using namespace vid3d;

namespace {

constexpr int SIZE = 48, SPLATS = 301, VIEWS = 6, STEPS = 120, DENSIFIED_AT = 60;

// Numerical Recipes' generator modulo 2^32: the upper 24 bits as a float in [-1, 1).
struct Random {
    uint32_t state;
    float operator()() {
        state = state * 1664525u + 1013904223u;
        return float(state >> 8) / float(1 << 23) - 1;
    }
};

Gaussians scene(uint32_t seed, float log_scale) {
    Random random{seed};
    std::vector<float> values(size_t(PLANES) * SPLATS);
    for (int i = 0; i < SPLATS; i++) {
        const auto at = [&](int plane) -> float& { return values[size_t(plane) * SPLATS + i]; };
        for (int k = 0; k < 3; k++) at(POSITION + k) = .5f * random();
        for (int k = 0; k < 4; k++) at(QUATERNION + k) = random();
        for (int k = 0; k < 3; k++) at(LOG_SCALE + k) = log_scale + .3f * random();
        at(OPACITY_LOGIT) = 2 * random();
        for (int k = 0; k < 3; k++) at(COLOUR + k) = 1.5f * random();
    }
    return Gaussians(values.data(), SPLATS);
}

// A circle of cameras around the scene, by turns of the angle with cosine 3/5.
std::vector<Camera> cameras() {
    std::vector<Camera> ring;
    float c = 1, s = 0;
    for (int k = 0; k < VIEWS; k++) {
        ring.push_back({{c, 0, -s, 0, 0, 1, 0, 0, s, 0, c, 2}, 1.1f * SIZE, 1.1f * SIZE, .5f * SIZE, .5f * SIZE});
        const float turned = .6f * c - .8f * s;
        s = .8f * c + .6f * s;
        c = turned;
    }
    return ring;
}

}  // namespace

int main(int words, char** word) {
    const Settings settings{SIZE, SIZE, {1, 1, 1}, .2f, .99f, .3f};
    const std::vector<Camera> ring = cameras();
    const Gaussians truth = scene(1, -2.5f);
    Rasteriser rasteriser(settings);
    std::vector<float> targets;
    for (const Camera& camera : ring) {
        rasteriser.forward(truth, camera);
        targets.insert(targets.end(), rasteriser.image.begin(), rasteriser.image.end());
    }

    Trainer trainer(scene(2, -2.8f), ring, targets.data(), settings, {1, .2f, .01f}, .999);
    const float rates[GROUPS] = {2e-3f, 2e-3f, 5e-3f, 3e-2f, 1e-2f};
    const int steps = STEPS * (words > 1 ? std::atoi(word[1]) : 1);
    Random random{3};
    for (int step = 0; step < steps; step++) {
        std::printf("loss %d %a\n", step, trainer.accumulate(step * 5 % VIEWS));
        trainer.update(rates);
        if (step != DENSIFIED_AT) continue;
        const Densification plan = trainer.plan({1e-4f, .05f, .005f, 1, 2 * SPLATS});
        std::vector<float> normals(size_t(3) * CHILDREN * plan.splits());
        for (float& value : normals) value = random();
        trainer.densify(plan, normals.data());
        trainer.reset_opacities(.5f);
    }

    const int count = trainer.parameters().count();
    std::printf("count %d\n", count);
    for (int c = 0; c < PLANES; c++)
        for (int i = 0; i < count; i++) std::printf("splats %d %d %a\n", c, i, trainer.parameters().plane(c)[i]);
    rasteriser.forward(trainer.parameters(), ring[0]);
    for (size_t i = 0; i < rasteriser.image.size(); i++) std::printf("image %zu %a\n", i, rasteriser.image[i]);
}
