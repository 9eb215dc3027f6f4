// The fused fit: rasterise, loss, backward, statistics, Adam.  What happens when is decided in Python (recipe.py,
// fit.py); this class only does it.
#pragma once

#include "densification.hpp"
#include "loss.hpp"
#include "optimiser.hpp"
#include "rasteriser.hpp"

namespace vid3d {

struct LossWeights {
    float ssim, l1, opacity;
};

// weight mean(o), d/dlogit = weight / n o (1 - o)
inline double add_opacity_penalty(Gaussians& gradients, const float* opacity, float weight) {
    const int n = gradients.count();
    const float each = weight / float(n);
    float* gradient = gradients.plane(OPACITY_LOGIT);
    double total = 0;
    for (int i = 0; i < n; i++) {
        total += opacity[i];
        gradient[i] += each * opacity[i] * (1 - opacity[i]);
    }
    return weight * total / n;
}

class Trainer {
public:
    Trainer(Gaussians start, std::vector<Camera> cameras, const float* targets, const Settings& settings,
            const LossWeights& weights, double beta2)
        : parameters_(std::move(start)),
          gradients_(parameters_.count()),
          adam_(parameters_.count(), beta2),
          cameras_(std::move(cameras)),
          rasteriser_(settings),
          loss_(settings.width, settings.height),
          weights_(weights),
          image_gradient_(3 * size_t(settings.width) * settings.height) {
        for (size_t view = 0; view < cameras_.size(); view++) loss_.add_target(targets + view * image_gradient_.size());
        reset_statistics();
    }
    const Gaussians& parameters() const { return parameters_; }
    int views() const { return int(cameras_.size()); }

    // Loss, gradients and densification statistics for one view.
    float accumulate(int view) {
        rasteriser_.forward(parameters_, cameras_[view]);
        double loss =
            loss_.image_loss(image_gradient_.data(), rasteriser_.image.data(), view, weights_.ssim, weights_.l1);
        gradients_.clear();
        rasteriser_.backward(gradients_, parameters_, cameras_[view], image_gradient_.data());
        loss += add_opacity_penalty(gradients_, rasteriser_.projected.opacity.data(), weights_.opacity);
        add_statistics();
        return float(loss);
    }
    // One Adam step with the gradients of the last accumulate(); a group whose rate is 0 is left out altogether.
    void update(const float rates[GROUPS]) {
        for (int group = 0; group < GROUPS; group++)
            if (rates[group] > 0) adam_.step(parameters_, gradients_, group, rates[group]);
    }
    // Opacities are lowered to `ceiling`; their Adam moments restart at zero, their step count goes on.
    void reset_opacities(float ceiling) {
        const float logit = std::log(ceiling / (1 - ceiling));
        for (int i = 0; i < parameters_.count(); i++) {
            float& value = parameters_.plane(OPACITY_LOGIT)[i];
            value = std::min(value, logit);
        }
        for (Gaussians* moment : {&adam_.first, &adam_.second})
            std::fill_n(moment->plane(OPACITY_LOGIT), moment->stride(), 0.f);
    }
    // The statistics since the last densification decide who is cloned and split.
    Densification plan(const DensityRules& rules) const {
        std::vector<float> mean(parameters_.count());
        for (int i = 0; i < parameters_.count(); i++) mean[i] = seen_[i] > 0 ? gradient_sum_[i] / seen_[i] : 0.f;
        return Densification(parameters_, mean.data(), rules);
    }
    void densify(const Densification& densification, const float* normals) {
        parameters_ = densification.apply(parameters_, normals, adam_.first, adam_.second);
        gradients_ = Gaussians(parameters_.count());
        reset_statistics();
    }

private:
    Gaussians parameters_, gradients_;
    Adam adam_;
    std::vector<Camera> cameras_;
    Rasteriser rasteriser_;
    Loss loss_;
    LossWeights weights_;
    std::vector<float> image_gradient_;
    std::vector<float> gradient_sum_, seen_;

    void reset_statistics() {
        gradient_sum_.assign(parameters_.count(), 0.f);
        seen_.assign(parameters_.count(), 0.f);
    }
    void add_statistics() {
        const float half_width = .5f * rasteriser_.settings.width, half_height = .5f * rasteriser_.settings.height;
        for (int i = 0; i < parameters_.count(); i++) {
            if (!rasteriser_.projected.visible[i]) continue;
            const float x = rasteriser_.gradients.u[i] * half_width, y = rasteriser_.gradients.v[i] * half_height;
            gradient_sum_[i] += std::sqrt(x * x + y * y);
            seen_[i] += 1;
        }
    }
};

}  // namespace vid3d
