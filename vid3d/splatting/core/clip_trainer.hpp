// The fused fit of a clip whose moments share coefficients: moment f has the parameters x_f = sum_b w[b][f] C_b.
//
// With one set of coefficients per moment (w the identity) moments are free, and share the splats' identity only; with
// a constant and cosines they are trajectories.  The gradient of C_b is w[b][f] times that of x_f.  In either case
//   smoothness / 2 sum_f |x_{f-1} - 2 x_f + x_{f+1}|^2
// may be added to the sum of the moments' losses; a step takes its gradient by the x_f of its own moment.
#pragma once

#include "trainer.hpp"

namespace vid3d {

// Coefficients of all moments, and how much of them each moment has.
struct Basis {
    std::vector<float> weights;  // by moment
    int groups;                  // how many of the groups, from the first on, these coefficients move
};

class ClipTrainer {
public:
    // targets: planar, moment by moment, as many views of each as there are cameras.
    ClipTrainer(std::vector<Gaussians> start, std::vector<Basis> bases, std::vector<Camera> cameras, int moments,
                const float* targets, const Settings& settings, const LossWeights& weights, double beta2,
                const std::array<float, GROUPS>& smoothness)
        : coefficients_(std::move(start)),
          bases_(std::move(bases)),
          cameras_(std::move(cameras)),
          moments_(moments),
          rasteriser_(settings),
          loss_(settings.width, settings.height),
          weights_(weights),
          smoothness_(smoothness),
          image_gradient_(3 * size_t(settings.width) * settings.height) {
        const int count = coefficients_[0].count();
        parameters_ = gradients_ = scaled_ = Gaussians(count);
        for (Gaussians& neighbour : around_) neighbour = Gaussians(count);
        for (size_t b = 0; b < bases_.size(); b++) adam_.emplace_back(count, beta2);
        for (size_t image = 0; image < cameras_.size() * moments; image++)
            loss_.add_target(targets + image * image_gradient_.size());
    }
    int moments() const { return moments_; }
    int views() const { return int(cameras_.size()); }
    int count() const { return coefficients_[0].count(); }

    // The parameters of a moment.
    void assemble(Gaussians& out, int moment) const {
        out.clear();
        for (size_t b = 0; b < bases_.size(); b++) {
            const float weight = bases_[b].weights[moment];
            if (weight == 0) continue;
            for (int c = 0; c < end_of(bases_[b].groups); c++) {
                const float* from = coefficients_[b].plane(c);
                float* to = out.plane(c);
                for (int i = 0; i < out.stride(); i += LANES) store(to + i, load(to + i) + weight * load(from + i));
            }
        }
        for (int i = out.count(); i < out.stride(); i++) out.plane(QUATERNION)[i] = 1;  // padding, as ever
    }
    // One iteration: the loss of one view of a moment, its gradients, and a step of all coefficients that it has.
    float step(int moment, int view, const float rates[GROUPS]) {
        assemble(parameters_, moment);
        rasteriser_.forward(parameters_, cameras_[view]);
        double loss = loss_.image_loss(image_gradient_.data(), rasteriser_.image.data(), moment * views() + view,
                                       weights_.ssim, weights_.l1);
        gradients_.clear();
        rasteriser_.backward(gradients_, parameters_, cameras_[view], image_gradient_.data());
        loss += add_opacity_penalty(gradients_, rasteriser_.projected.opacity.data(), weights_.opacity);
        for (float weight : smoothness_)
            if (weight > 0) {
                add_smoothness(moment);
                break;
            }
        for (size_t b = 0; b < bases_.size(); b++)
            if (const float weight = bases_[b].weights[moment]; weight != 0) update(int(b), weight, rates);
        return float(loss);
    }

private:
    std::vector<Gaussians> coefficients_;
    std::vector<Basis> bases_;
    std::vector<Adam> adam_;
    std::vector<Camera> cameras_;
    int moments_;
    Rasteriser rasteriser_;
    Loss loss_;
    LossWeights weights_;
    std::array<float, GROUPS> smoothness_;
    std::vector<float> image_gradient_;
    Gaussians parameters_, gradients_, scaled_;
    std::array<Gaussians, 5> around_;  // moments f - 2 to f + 2

    static int end_of(int groups) { return GROUP[groups - 1].first + GROUP[groups - 1].count; }

    void update(int basis, float weight, const float rates[GROUPS]) {
        for (int c = 0; c < end_of(bases_[basis].groups); c++) {
            const float* from = gradients_.plane(c);
            float* to = scaled_.plane(c);
            for (int i = 0; i < scaled_.stride(); i += LANES) store(to + i, weight * load(from + i));
        }
        for (int group = 0; group < bases_[basis].groups; group++)
            if (rates[group] > 0) adam_[basis].step(coefficients_[basis], scaled_, group, rates[group]);
    }
    // d/dx_f of the penalty: smoothness (s_{f-1} - 2 s_f + s_{f+1}), s_t the second difference at t, where there is one
    void add_smoothness(int moment) {
        for (int k = 0; k < 5; k++)
            if (const int at = moment + k - 2; at >= 0 && at < moments_) assemble(around_[k], at);
        static constexpr float SHARE[3] = {1, -2, 1};
        for (int s = 0; s < 3; s++) {  // second differences at moment - 1, moment, moment + 1
            if (const int at = moment + s - 1; at < 1 || at > moments_ - 2) continue;
            for (int group = 0; group < GROUPS; group++) {
                const float weight = SHARE[s] * smoothness_[group];
                for (int c = GROUP[group].first; c < GROUP[group].first + GROUP[group].count; c++) {
                    const float *before = around_[s].plane(c), *now = around_[s + 1].plane(c),
                                *after = around_[s + 2].plane(c);
                    float* gradient = gradients_.plane(c);
                    for (int i = 0; i < gradients_.count(); i++)
                        gradient[i] += weight * (before[i] - 2 * now[i] + after[i]);
                }
            }
        }
    }
};

}  // namespace vid3d
