// Adaptive density control (Kerbl et al. 2023, section 5.2), in the released code's order of operations.
//
// A Gaussian whose mean image-plane gradient (in normalised device coordinates: pixels times half the image size)
// reaches the threshold is under-reconstructing.  If small, it is cloned; if large, it is split: two children drawn
// from it, with 1/1.6 of its scale, replace it.  Then whatever is too transparent or too large is removed.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "gaussians.hpp"

namespace vid3d {

struct DensityRules {
    float gradient_threshold;  // normalised device coordinates
    float clone_below;         // largest standard deviation of what is cloned; larger ones are split; world units
    float minimum_opacity;     // removed below
    float maximum_scale;       // removed above; world units; infinity: never
    int maximum_count;         // no growth beyond
};

constexpr int CHILDREN = 2;
constexpr float CHILD_SHRINK = 0.8f * CHILDREN;

class Densification {
public:
    // mean_gradients: by Gaussian; 0 where it was never visible.
    Densification(const Gaussians& g, const float* mean_gradients, const DensityRules& rules) : rules_(rules) {
        std::vector<float> candidates;
        for (int i = 0; i < g.count(); i++)
            if (mean_gradients[i] >= rules.gradient_threshold) candidates.push_back(mean_gradients[i]);
        // Every candidate adds exactly one Gaussian.  Without room for all, those with the largest gradients go first.
        float threshold = rules.gradient_threshold;
        const int room = std::max(0, rules.maximum_count - g.count());
        if (int(candidates.size()) > room) {
            withheld = int(candidates.size()) - room;
            std::nth_element(candidates.begin(), candidates.begin() + room, candidates.end(), std::greater<float>());
            threshold = std::nextafter(candidates[room], std::numeric_limits<float>::infinity());
        }
        for (int i = 0; i < g.count(); i++) {
            if (!(mean_gradients[i] >= threshold)) continue;
            (largest_scale(g, i) <= rules.clone_below ? cloned_ : split_).push_back(i);
        }
    }
    int withheld = 0;  // candidates for which there was no room
    int clones() const { return int(cloned_.size()); }
    int splits() const { return int(split_.size()); }

    // normals: (CHILDREN * splits(), 3) standard normal numbers, first children first.  Survivors keep their moments,
    // newcomers start with zero.
    Gaussians apply(const Gaussians& g, const float* normals, Gaussians& first_moment, Gaussians& second_moment) const {
        struct Source {
            int parent, child;
            bool newcomer;
        };  // child: row of normals, or -1
        std::vector<Source> sources;
        size_t next_split = 0;
        for (int i = 0; i < g.count(); i++) {
            if (next_split < split_.size() && split_[next_split] == i)
                next_split++;  // replaced by its children
            else
                sources.push_back({i, -1, false});
        }
        for (int i : cloned_) sources.push_back({i, -1, true});
        for (int k = 0; k < CHILDREN * splits(); k++) sources.push_back({split_[k % splits()], k, true});
        std::erase_if(sources, [&](const Source& s) {
            const float logit = g.plane(OPACITY_LOGIT)[s.parent];
            const float scale = largest_scale(g, s.parent) / (s.child >= 0 ? CHILD_SHRINK : 1.f);
            return 1 / (1 + std::exp(-logit)) < rules_.minimum_opacity || scale > rules_.maximum_scale;
        });

        const int count = int(sources.size());
        auto gather = [&](const Gaussians& from, bool moments) {
            std::vector<float> values(size_t(PLANES) * count);
            for (int c = 0; c < PLANES; c++)
                for (int i = 0; i < count; i++)
                    values[size_t(c) * count + i] =
                        moments && sources[i].newcomer ? 0 : from.plane(c)[sources[i].parent];
            return Gaussians(values.data(), count);
        };
        Gaussians out = gather(g, false);
        for (int i = 0; i < count; i++)
            if (sources[i].child >= 0) displace(out, i, normals + 3 * size_t(sources[i].child));
        first_moment = gather(first_moment, true);
        second_moment = gather(second_moment, true);
        return out;
    }

private:
    DensityRules rules_;
    std::vector<int> cloned_, split_;  // ascending

    static float largest_scale(const Gaussians& g, int i) {
        float s = std::max({g.plane(LOG_SCALE)[i], g.plane(LOG_SCALE + 1)[i], g.plane(LOG_SCALE + 2)[i]});
        return std::exp(s);
    }
    // position += R(q) (scale * normal), scale /= 1.6
    static void displace(Gaussians& g, int i, const float* normal) {
        float q[4], d[3], length = 0;
        for (int k = 0; k < 4; k++) q[k] = g.plane(QUATERNION + k)[i], length += q[k] * q[k];
        for (float& value : q) value /= std::sqrt(length);
        for (int k = 0; k < 3; k++) d[k] = std::exp(g.plane(LOG_SCALE + k)[i]) * normal[k];
        const float w = q[0], x = q[1], y = q[2], z = q[3];
        g.plane(POSITION)[i] +=
            (1 - 2 * (y * y + z * z)) * d[0] + 2 * (x * y - w * z) * d[1] + 2 * (x * z + w * y) * d[2];
        g.plane(POSITION + 1)[i] +=
            2 * (x * y + w * z) * d[0] + (1 - 2 * (x * x + z * z)) * d[1] + 2 * (y * z - w * x) * d[2];
        g.plane(POSITION + 2)[i] +=
            2 * (x * z - w * y) * d[0] + 2 * (y * z + w * x) * d[1] + (1 - 2 * (x * x + y * y)) * d[2];
        for (int k = 0; k < 3; k++) g.plane(LOG_SCALE + k)[i] -= std::log(CHILD_SHRINK);
    }
};

}  // namespace vid3d
