// One camera's forward and backward pass: projection, binning, compositing.
#pragma once

#include "backward.hpp"

namespace vid3d {

class Rasteriser {
public:
    explicit Rasteriser(const Settings& settings) : settings(settings) {}

    const Settings settings;
    Projected projected;           // of the last forward pass
    ProjectedGradients gradients;  // of the last backward pass
    std::vector<float> image;      // planar (3, height, width), of the last forward pass

    void forward(const Gaussians& g, const Camera& camera) {
        project(projected, g, camera, settings);
        bins_.fill(projected, settings.width, settings.height);
        composite(image, tile_, bins_, settings);
    }
    // Adds to `out` the gradients for the image gradient (planar) of the last forward pass.
    void backward(Gaussians& out, const Gaussians& g, const Camera& camera, const float* image_gradient) {
        composite_backward(gradients, backward_scratch_, bins_, projected, image, image_gradient, settings);
        project_backward(out, g, projected, gradients, camera, settings);
    }

private:
    Bins bins_;
    std::vector<float> tile_;
    BackwardScratch backward_scratch_;
};

}  // namespace vid3d
