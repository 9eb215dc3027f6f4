// L = ssim_weight (1 - SSIM) + l1_weight mean |x - y| + opacity_weight mean(opacity), and its gradient.
//
// SSIM (Wang et al. 2004) with an 11-tap Gaussian window w, sigma 1.5, zero padding, C1 = 0.01^2, C2 = 0.03^2, averaged
// over pixels and channels.  With mx = w*x, my = w*y, sxx = w*x^2 - mx^2, sxy = w*xy - mx my, and
//   A1 = 2 mx my + C1, A2 = 2 sxy + C2, B1 = mx^2 + my^2 + C1, B2 = sxx + syy + C2, S = A1 A2 / (B1 B2)
// the gradient is  dS/dx = w*(dS/dmx) + 2 x w*(dS/d(w*x^2)) + y w*(dS/d(w*xy)), where
//   dS/dmx = 2 my (A2 - A1) / (B1 B2) - 2 mx S (1/B1 - 1/B2),  dS/d(w*x^2) = -S / B2,  dS/d(w*xy) = 2 A1 / (B1 B2)
// (w is symmetric, hence its own adjoint).
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "simd.hpp"

namespace vid3d {

// One channel with a margin of zeros on all sides, so that blurring needs no special case at the border.
class PaddedMap {
public:
    static constexpr int TAPS = 11, REACH = TAPS / 2, SIDE = LANES;

    PaddedMap(int width, int height)
        : width_(width),
          height_(height),
          stride_(round_up(width) + 2 * SIDE),
          data_(size_t(height + 2 * REACH) * stride_, 0.f) {}
    float* row(int y) {
        return data_.data() + size_t(y + REACH) * stride_ + SIDE;
    }  // y from -REACH to height + REACH - 1
    const float* row(int y) const { return data_.data() + size_t(y + REACH) * stride_ + SIDE; }
    int width() const { return width_; }
    int height() const { return height_; }

private:
    int width_, height_, stride_;
    std::vector<float> data_;
};

class Loss {
public:
    Loss(int width, int height)
        : width_(width),
          height_(height),
          horizontal_(width, height),
          product_(width, height),
          mean_(width, height),
          square_(width, height),
          cross_(width, height),
          image_(width, height) {
        double total = 0, raw[TAPS];
        for (int k = 0; k < TAPS; k++) total += raw[k] = std::exp(-(k - REACH) * (k - REACH) / (2 * 1.5 * 1.5));
        for (int k = 0; k < TAPS; k++) window_[k] = float(raw[k] / total);
    }

    // Targets: planar (3, height, width) each.  Their own moments are computed once.
    void add_target(const float* target) {
        for (int c = 0; c < 3; c++) {
            Target t{PaddedMap(width_, height_), PaddedMap(width_, height_), PaddedMap(width_, height_)};
            copy_in(t.image, target + size_t(c) * width_ * height_);
            blur(t.mean, t.image);
            multiply(product_, t.image, t.image);
            blur(t.variance, product_);
            for_each_vector([&](int y, int x, Ints) {
                Floats m = load(t.mean.row(y) + x);
                store(t.variance.row(y) + x, load(t.variance.row(y) + x) - m * m);
            });
            targets_.push_back(std::move(t));
        }
    }

    // Returns the image part of L; writes dL/dimage, planar (3, height, width).
    double image_loss(float* gradient, const float* image, int view, float ssim_weight, float l1_weight) {
        const size_t pixels = size_t(width_) * height_;
        const float scale = 1.f / (3.f * float(pixels));
        double similarity = 0, difference = 0;
        for (int c = 0; c < 3; c++) {
            const Target& target = targets_[size_t(view) * 3 + c];
            copy_in(image_, image + c * pixels);
            similarity += similarity_of(target);
            blur(product_, mean_), std::swap(mean_, product_);
            blur(product_, square_), std::swap(square_, product_);
            blur(product_, cross_), std::swap(cross_, product_);
            float* out = gradient + c * pixels;
            for (int y = 0; y < height_; y++)
                for (int x = 0; x < width_; x++) {
                    const float a = image_.row(y)[x], b = target.image.row(y)[x];
                    const float of_similarity = mean_.row(y)[x] + 2 * a * square_.row(y)[x] + b * cross_.row(y)[x];
                    difference += std::fabs(a - b);
                    const float sign = float(a > b) - float(a < b);
                    out[size_t(y) * width_ + x] = scale * (l1_weight * sign - ssim_weight * of_similarity);
                }
        }
        return ssim_weight * (1 - similarity * scale) + l1_weight * difference * scale;
    }

private:
    static constexpr int TAPS = PaddedMap::TAPS, REACH = PaddedMap::REACH;
    struct Target {
        PaddedMap image, mean, variance;
    };
    int width_, height_;
    float window_[TAPS];
    PaddedMap horizontal_, product_, mean_, square_, cross_, image_;
    std::vector<Target> targets_;  // by view and channel

    template <class Visit>
    void for_each_vector(Visit visit) const {  // (y, x, which lanes lie inside the image)
        for (int y = 0; y < height_; y++)
            for (int x = 0; x < width_; x += LANES) visit(y, x, Ints(iota() < float(width_ - x)));
    }
    void copy_in(PaddedMap& out, const float* in) const {
        for (int y = 0; y < height_; y++) std::copy_n(in + size_t(y) * width_, width_, out.row(y));
    }
    void multiply(PaddedMap& out, const PaddedMap& a, const PaddedMap& b) const {
        for_each_vector([&](int y, int x, Ints) { store(out.row(y) + x, load(a.row(y) + x) * load(b.row(y) + x)); });
    }
    // Separable convolution, rows then columns.
    void blur(PaddedMap& out, const PaddedMap& in) {
        for_each_vector([&](int y, int x, Ints inside) {
            const float* p = in.row(y) + x;
            Floats s = window_[REACH] * load(p);
            for (int k = 1; k <= REACH; k++) s += window_[REACH + k] * (load(p - k) + load(p + k));
            store(horizontal_.row(y) + x, select(inside, s, broadcast(0.f)));
        });
        for_each_vector([&](int y, int x, Ints) {
            Floats s = window_[REACH] * load(horizontal_.row(y) + x);
            for (int k = 1; k <= REACH; k++)
                s += window_[REACH + k] * (load(horizontal_.row(y - k) + x) + load(horizontal_.row(y + k) + x));
            store(out.row(y) + x, s);
        });
    }
    // Sum of S over a channel's pixels; leaves dS/dmx, dS/d(w*x^2), dS/d(w*xy) in mean_, square_, cross_.
    double similarity_of(const Target& target) {
        constexpr float C1 = 1e-4f, C2 = 9e-4f;
        blur(mean_, image_);
        multiply(product_, image_, image_), blur(square_, product_);
        multiply(product_, image_, target.image), blur(cross_, product_);
        double total = 0;
        for_each_vector([&](int y, int x, Ints inside) {
            Floats mx = load(mean_.row(y) + x), my = load(target.mean.row(y) + x);
            Floats a1 = 2.f * mx * my + C1, a2 = 2.f * (load(cross_.row(y) + x) - mx * my) + C2;
            Floats b1 = mx * mx + my * my + C1;
            Floats b2 = load(square_.row(y) + x) - mx * mx + load(target.variance.row(y) + x) + C2;
            Floats r1 = 1.f / b1, r2 = 1.f / b2, r = r1 * r2, s = a1 * a2 * r;
            total += sum(select(inside, s, broadcast(0.f)));
            store(mean_.row(y) + x,
                  select(inside, 2.f * my * (a2 - a1) * r - 2.f * mx * s * (r1 - r2), broadcast(0.f)));
            store(square_.row(y) + x, select(inside, -s * r2, broadcast(0.f)));
            store(cross_.row(y) + x, select(inside, 2.f * a1 * r, broadcast(0.f)));
        });
        return total;
    }
};

}  // namespace vid3d
