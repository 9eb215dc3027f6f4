// Adam (Kingma and Ba 2015): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
//   p -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon)
// Each parameter group counts its own steps t, since the official schedule sometimes skips one group.
#pragma once

#include "gaussians.hpp"

namespace vid3d {

struct Adam {
    static constexpr double BETA1 = 0.9;
    static constexpr float EPSILON = 1e-15f;
    Gaussians first, second;  // moments
    double beta2;
    int steps[GROUPS] = {};

    Adam(int count, double beta2) : first(count), second(count), beta2(beta2) {}

    void step(Gaussians& parameters, const Gaussians& gradients, int group, float rate) {
        const int t = ++steps[group];
        const float step_size = float(rate / (1 - std::pow(BETA1, t))),
                    widen = float(1 / std::sqrt(1 - std::pow(beta2, t)));
        const float b1 = float(BETA1), b2 = float(beta2);
        for (int c = GROUP[group].first; c < GROUP[group].first + GROUP[group].count; c++) {
            float *p = parameters.plane(c), *m = first.plane(c), *v = second.plane(c);
            const float* g = gradients.plane(c);
            for (int i = 0; i < parameters.stride(); i += LANES) {
                Floats gi = load(g + i);
                Floats mi = b1 * load(m + i) + (1 - b1) * gi, vi = b2 * load(v + i) + (1 - b2) * gi * gi;
                store(m + i, mi), store(v + i, vi);
                store(p + i, load(p + i) - step_size * mi / (square_root(vi) * widen + EPSILON));
            }
        }
    }
};

}  // namespace vid3d
