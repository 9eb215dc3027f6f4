// Where to begin a fit: the visual hull of the views' silhouettes, and splats on its surface or in its volume.
//
// A view's silhouette is where it differs from the background.  A cell of a grid belongs to the hull if enough of the
// views that see it show silhouette there.  Votes, not an intersection: generated views disagree, and one that misses
// a limb must not carve it away.  Views that do not see a cell abstain, so that objects may touch an image's border.
// A coarse grid of all that the orbit can see finds the box that the hull fills; a finer grid of that box is the hull.
#pragma once

#include <array>

#include "neighbours.hpp"
#include "projection.hpp"

namespace vid3d {

struct HullRules {
    float contrast;   // silhouette: the largest difference of a channel from the background exceeds this
    float share;      // of the views that see a cell and must show silhouette there (fewer if no cell has as many)
    float half_edge;  // of the cube that the coarse grid fills, world units
    int cells;        // of the fine grid along the longest side of its box
};

struct Placement {
    float scale;     // standard deviation as a fraction of the distance to the neighbours
    float flatness;  // that along the surface's normal as a fraction of the other two
    float opacity;
};

class Hull {
public:
    // images: planar (3, height, width) by camera; they must outlive the hull.
    Hull(std::vector<Camera> cameras, const float* images, const Settings& settings, const HullRules& rules)
        : cameras_(std::move(cameras)), images_(images), settings_(settings) {
        for (size_t view = 0; view < cameras_.size(); view++) add_silhouette(view, rules.contrast);
        carve(rules);
    }
    int surface() const { return int(surface_.size()); }  // cells
    int volume() const { return int(volume_.size()); }

    // Splats at random places in the picked cells (indices below surface() or volume()); jitter: (count, 3) in [0, 1).
    // A colour is the mean over the views, weighted in favour of those that look at the surface frontally.
    Gaussians splats(const int32_t* picks, const float* jitter, int count, bool on_surface, const Placement& p) const {
        const std::vector<int>& cells = on_surface ? surface_ : volume_;
        Gaussians out(count);
        std::vector<float> points(3 * size_t(count));
        for (int i = 0; i < count; i++) {
            const int cell = cells[picks[i]];
            const Point corner = corner_of(cell);
            float* at = &points[3 * size_t(i)];
            for (int k = 0; k < 3; k++) out.plane(POSITION + k)[i] = at[k] = corner[k] + cell_ * jitter[3 * i + k];
            const Point normal = on_surface ? normal_of(cell) : Point{};
            const Point colour = colour_of({at[0], at[1], at[2]}, normal, on_surface);
            for (int k = 0; k < 3; k++) out.plane(COLOUR + k)[i] = (colour[k] - .5f) / SH_C0;
            turn_z_to(out, i, normal);
            out.plane(OPACITY_LOGIT)[i] = std::log(p.opacity / (1 - p.opacity));
        }
        for (int i = count; i < out.stride(); i++) out.plane(QUATERNION)[i] = 1;
        const Neighbours neighbours(points.data(), count);
        for (int i = 0; i < count; i++) {
            const float log_scale =
                std::log(p.scale * std::sqrt(std::max(neighbours.mean_squared_distance(i), SMALLEST_SQUARED_DISTANCE)));
            for (int k = 0; k < 3; k++) out.plane(LOG_SCALE + k)[i] = log_scale + (k == 2 ? std::log(p.flatness) : 0);
        }
        return out;
    }

private:
    using Point = std::array<float, 3>;
    static constexpr int COARSE = 24, MARGIN = 2;  // cells; the margin is empty and spares tests at the grid's border
    // Half the edge of the square of a cell that is searched for silhouette: more keeps thin limbs, swells the hull.
    static constexpr float FOOTPRINT = 0.1f;
    static constexpr float SMALLEST_SQUARED_DISTANCE = 1e-7f;
    struct Pixel {
        float x, y, pixels_per_unit;
        bool seen;
    };

    std::vector<Camera> cameras_;
    const float* images_;
    Settings settings_;
    std::vector<std::vector<int>> silhouettes_;  // by view: summed-area table, (height + 1, width + 1)
    Point origin_{};                             // of the fine grid's margin
    float cell_ = 0;
    int nx_ = 0, ny_ = 0, nz_ = 0;  // cells of the fine grid, margins included
    std::vector<uint8_t> inside_;
    std::vector<int> surface_, volume_;  // cells by increasing index

    void add_silhouette(size_t view, float contrast) {
        const int w = settings_.width, h = settings_.height;
        const size_t pixels = size_t(w) * h;
        const float* image = images_ + 3 * pixels * view;
        std::vector<int> table(size_t(w + 1) * (h + 1), 0);
        for (int y = 0; y < h; y++)
            for (int x = 0, row = 0; x < w; x++) {
                bool differs = false;
                for (int c = 0; c < 3; c++)
                    differs |= std::fabs(image[c * pixels + size_t(y) * w + x] - settings_.background[c]) > contrast;
                row += differs;
                table[size_t(y + 1) * (w + 1) + x + 1] = table[size_t(y) * (w + 1) + x + 1] + row;
            }
        silhouettes_.push_back(std::move(table));
    }
    Pixel pixel(const Camera& c, const Point& p) const {
        const float* V = c.view;
        const float x = V[0] * p[0] + V[1] * p[1] + V[2] * p[2] + V[3];
        const float y = V[4] * p[0] + V[5] * p[1] + V[6] * p[2] + V[7];
        const float z = V[8] * p[0] + V[9] * p[1] + V[10] * p[2] + V[11];
        const float u = c.fx * x / z + c.cx, v = c.fy * y / z + c.cy;
        return {u, v, c.fx / z, z > settings_.near && u >= 0 && v >= 0 && u < settings_.width && v < settings_.height};
    }
    // Whether the square that a cell covers in a view holds any silhouette.
    bool silhouette(size_t view, const Pixel& p, float half) const {
        const int w = settings_.width, r = w + 1;
        const float reach = half * p.pixels_per_unit;
        const int x0 = std::max(0, int(p.x - reach)), x1 = std::min(w, int(p.x + reach) + 1);
        const int y0 = std::max(0, int(p.y - reach)), y1 = std::min(settings_.height, int(p.y + reach) + 1);
        const int* t = silhouettes_[view].data();
        return t[y1 * r + x1] - t[y0 * r + x1] - t[y1 * r + x0] + t[y0 * r + x0] > 0;
    }
    // The share of silhouettes among the views that see a cell; 0 where fewer than half of the views do.  As soon as
    // it cannot reach `enough`, something below is returned.
    float agreement(const Point& centre, float half, float enough) const {
        const int views = int(cameras_.size());
        int seen = 0, shown = 0;
        for (int view = 0; view < views; view++) {
            const Pixel p = pixel(cameras_[view], centre);
            if (!p.seen) continue;
            seen++, shown += silhouette(view, p, half);
            if (float(seen - shown) > (1 - enough) * float(views) + 1e-3f) return 0;
        }
        return 2 * seen >= views && seen > 0 ? float(shown) / float(seen) : 0.f;
    }
    void carve(const HullRules& rules) {
        const float step = 2 * rules.half_edge / COARSE;
        std::vector<float> shares;
        float best = 0;
        const auto coarse = [&](int k) { return (k + .5f) * step - rules.half_edge; };
        for (int z = 0; z < COARSE; z++)
            for (int y = 0; y < COARSE; y++)
                for (int x = 0; x < COARSE; x++) {
                    shares.push_back(agreement({coarse(x), coarse(y), coarse(z)}, .5f * step, 0));
                    best = std::max(best, shares.back());
                }
        if (best == 0) return;  // no silhouettes at all
        const float enough = std::min(rules.share, best) - 1e-3f;
        int low[3] = {COARSE, COARSE, COARSE}, high[3] = {};
        for (int i = 0; i < int(shares.size()); i++) {
            if (shares[i] < enough) continue;
            const int at[3] = {i % COARSE, i / COARSE % COARSE, i / (COARSE * COARSE)};
            for (int k = 0; k < 3; k++) low[k] = std::min(low[k], at[k]), high[k] = std::max(high[k], at[k] + 1);
        }
        const int longest = std::max({high[0] - low[0], high[1] - low[1], high[2] - low[2]});
        cell_ = longest * step / rules.cells;
        int size[3];
        for (int k = 0; k < 3; k++) {
            origin_[k] = low[k] * step - rules.half_edge - MARGIN * cell_;
            size[k] = int(std::ceil((high[k] - low[k]) * step / cell_ - 1e-3f)) + 2 * MARGIN;
        }
        nx_ = size[0], ny_ = size[1], nz_ = size[2];
        fill(enough);
        if (volume_.empty()) fill(0.5f * enough);  // fine cells meet fewer silhouettes than coarse ones
    }
    void fill(float enough) {
        inside_.assign(size_t(nx_) * ny_ * nz_, 0);
        for (int z = MARGIN; z < nz_ - MARGIN; z++)
            for (int y = MARGIN; y < ny_ - MARGIN; y++)
                for (int x = MARGIN; x < nx_ - MARGIN; x++) {
                    const int cell = (z * ny_ + y) * nx_ + x;
                    Point centre = corner_of(cell);
                    for (float& value : centre) value += .5f * cell_;
                    if (agreement(centre, FOOTPRINT * cell_, enough) < enough) continue;
                    inside_[cell] = 1, volume_.push_back(cell);
                }
        for (int cell : volume_)
            for (int step : {1, nx_, nx_ * ny_})
                if (!inside_[cell - step] || !inside_[cell + step]) {
                    surface_.push_back(cell);
                    break;
                }
    }
    Point corner_of(int cell) const {
        const int at[3] = {cell % nx_, cell / nx_ % ny_, cell / (nx_ * ny_)};
        return {origin_[0] + at[0] * cell_, origin_[1] + at[1] * cell_, origin_[2] + at[2] * cell_};
    }
    // Outwards: away from the mean of the occupied cells nearby; (0, 0, 0) where that is the cell itself.
    Point normal_of(int cell) const {
        Point n{};
        for (int z = -MARGIN; z <= MARGIN; z++)
            for (int y = -MARGIN; y <= MARGIN; y++)
                for (int x = -MARGIN; x <= MARGIN; x++)
                    if (inside_[cell + (z * ny_ + y) * nx_ + x]) n[0] -= float(x), n[1] -= float(y), n[2] -= float(z);
        const float length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        if (length > 0)
            for (float& value : n) value /= length;
        return n;
    }
    Point colour_of(const Point& at, const Point& normal, bool on_surface) const {
        const size_t pixels = size_t(settings_.width) * settings_.height;
        Point colour{};
        float total = 0;
        for (size_t view = 0; view < cameras_.size(); view++) {
            const Camera& c = cameras_[view];
            const Pixel p = pixel(c, at);
            if (!p.seen) continue;
            float weight = 1e-6f;  // what no silhouette shows still gets a colour
            if (silhouette(view, p, 0)) weight += on_surface ? frontality(c, at, normal) : 1.f;
            const float* rgb = images_ + 3 * pixels * view + size_t(int(p.y)) * settings_.width + size_t(int(p.x));
            for (int k = 0; k < 3; k++) colour[k] += weight * rgb[k * pixels];
            total += weight;
        }
        for (float& value : colour) value = total > 0 ? value / total : .5f;
        return colour;
    }
    // The fourth power of the cosine between the normal and the direction to the camera; 0 from behind.
    float frontality(const Camera& c, const Point& at, const Point& normal) const {
        float along = 0, squared = 0;
        for (int k = 0; k < 3; k++) {
            const float centre = -(c.view[k] * c.view[3] + c.view[4 + k] * c.view[7] + c.view[8 + k] * c.view[11]);
            along += (centre - at[k]) * normal[k], squared += (centre - at[k]) * (centre - at[k]);
        }
        const float cosine = std::max(along, 0.f) / std::sqrt(squared);
        return cosine * cosine * cosine * cosine;
    }
    static void turn_z_to(Gaussians& g, int i, const Point& n) {
        const float w = 1 + n[2], length = std::sqrt(w * w + n[0] * n[0] + n[1] * n[1]);
        const bool opposite = length < 1e-3f;  // n = -z: half a turn about x
        g.plane(QUATERNION)[i] = opposite ? 0 : w / length;
        g.plane(QUATERNION + 1)[i] = opposite ? 1 : -n[1] / length;
        g.plane(QUATERNION + 2)[i] = opposite ? 0 : n[0] / length;
    }
};

}  // namespace vid3d
