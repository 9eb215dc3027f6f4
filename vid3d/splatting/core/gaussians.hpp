// The Gaussians' parameters (or their gradients, or Adam's moments): structure of arrays, one plane per coordinate.
#pragma once

#include <algorithm>
#include <vector>

#include "simd.hpp"

namespace vid3d {

// Planes, in the parametrisation of 3DGS PLY files (vid3d/scene.py, Splats).
enum Plane { POSITION = 0, QUATERNION = 3, LOG_SCALE = 7, OPACITY_LOGIT = 10, COLOUR = 11, PLANES = 14 };

struct Group {  // planes that share a learning rate
    int first, count;
};
constexpr int GROUPS = 5, OPACITY_GROUP = 3;
constexpr Group GROUP[GROUPS] = {{POSITION, 3}, {QUATERNION, 4}, {LOG_SCALE, 3}, {OPACITY_LOGIT, 1}, {COLOUR, 3}};

class Gaussians {
public:
    Gaussians() = default;
    explicit Gaussians(int count) : count_(count), stride_(round_up(count)), data_(size_t(PLANES) * stride_, 0.f) {}
    // From `count` values per plane, planes contiguous.
    Gaussians(const float* values, int count) : Gaussians(count) {
        for (int c = 0; c < PLANES; c++) std::copy_n(values + size_t(c) * count, count, plane(c));
        for (int i = count; i < stride_; i++) plane(QUATERNION)[i] = 1;  // padding: a rotation, so that nothing is NaN
    }
    void copy_to(float* values) const {
        for (int c = 0; c < PLANES; c++) std::copy_n(plane(c), count_, values + size_t(c) * count_);
    }
    void clear() { std::fill(data_.begin(), data_.end(), 0.f); }
    int count() const { return count_; }
    int stride() const { return stride_; }  // count rounded up to whole vectors
    float* plane(int c) { return data_.data() + size_t(c) * stride_; }
    const float* plane(int c) const { return data_.data() + size_t(c) * stride_; }

private:
    int count_ = 0, stride_ = 0;
    std::vector<float> data_;
};

}  // namespace vid3d
