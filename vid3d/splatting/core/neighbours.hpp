// Mean squared distance to the nearest neighbours, by a k-d tree: what the initial scales are made of.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <vector>

namespace vid3d {

class Neighbours {
public:
    static constexpr int NEAREST = 3;

    // points: (count, 3).
    Neighbours(const float* points, int count) : points_(points), order_(count) {
        std::iota(order_.begin(), order_.end(), 0);
        build(0, count, 0);
    }
    // Mean over the (at most 3) nearest other points; 0 for a single point.
    float mean_squared_distance(int i) const {
        Best best;
        best.fill(std::numeric_limits<float>::infinity());
        search(best, i, 0, int(order_.size()), 0);
        float total = 0;
        int found = 0;
        for (float d : best)
            if (d < std::numeric_limits<float>::infinity()) total += d, found++;
        return found ? total / float(found) : 0.f;
    }

private:
    using Best = std::array<float, NEAREST>;  // ascending
    static constexpr int LEAF = 8;
    const float* points_;
    std::vector<int> order_;  // an implicit tree: the median of each range splits it along axis depth mod 3

    float at(int i, int axis) const { return points_[3 * size_t(i) + axis]; }
    void build(int begin, int end, int axis) {
        if (end - begin <= LEAF) return;
        const int middle = (begin + end) / 2;
        std::nth_element(order_.begin() + begin, order_.begin() + middle, order_.begin() + end,
                         [&](int a, int b) { return at(a, axis) < at(b, axis); });
        build(begin, middle, (axis + 1) % 3), build(middle + 1, end, (axis + 1) % 3);
    }
    void offer(Best& best, int i, int other) const {
        if (i == other) return;
        float d = 0;
        for (int axis = 0; axis < 3; axis++) d += (at(i, axis) - at(other, axis)) * (at(i, axis) - at(other, axis));
        if (d >= best.back()) return;
        best.back() = d;
        for (int k = NEAREST - 1; k > 0 && best[k] < best[k - 1]; k--) std::swap(best[k], best[k - 1]);
    }
    void search(Best& best, int i, int begin, int end, int axis) const {
        if (end - begin <= LEAF) {
            for (int k = begin; k < end; k++) offer(best, i, order_[k]);
            return;
        }
        const int middle = (begin + end) / 2, next = (axis + 1) % 3;
        const float offset = at(i, axis) - at(order_[middle], axis);
        offer(best, i, order_[middle]);
        if (offset < 0)
            search(best, i, begin, middle, next);
        else
            search(best, i, middle + 1, end, next);
        if (offset * offset > best.back()) return;
        if (offset < 0)
            search(best, i, middle + 1, end, next);
        else
            search(best, i, begin, middle, next);
    }
};

}  // namespace vid3d
