// The gradient of compositing, front to back like the forward pass.
//
// With g = dL/dpixel (three channels) and the scalar behind_i = g . (what lies behind Gaussian i, background included),
//   dL/dalpha_i  = T_i g . colour_i - behind_i / (1 - alpha_i)
//   dL/dcolour_i = alpha_i T_i g
// behind_i starts as g . pixel and loses alpha_i T_i g . colour_i at every Gaussian, so that one scalar per pixel is
// all the state beside T.  A capped alpha passes no gradient to what lies under the cap.
//
// With e = -alpha dL/dalpha = dL/d(q/2) and h = conic (dx, dy)^T, the gradients are moments of h over the pixels:
//   dL/d(u, v) = -sum e h,   dL/dSigma = -1/2 sum e h h^T,   dL/dopacity = -sum e / opacity
// (d(conic) = -conic dSigma conic).  Summing h, not (dx, dy), keeps needles well conditioned.
#pragma once

#include "forward.hpp"

namespace vid3d {

struct BackwardScratch {
    std::vector<float> tile;
    std::vector<float> moments;  // by record: 9 sums, padded to 12
};

inline void composite_backward(ProjectedGradients& out, BackwardScratch& scratch, const Bins& bins, const Projected& p,
                               const std::vector<float>& image, const float* image_gradient, const Settings& s) {
    constexpr int T = 0, BEHIND = TILE_ROW, G0 = 2 * TILE_ROW, G1 = 3 * TILE_ROW, G2 = 4 * TILE_ROW;
    constexpr int PLANES_HERE = 5, ROW = PLANES_HERE * TILE_ROW, MOMENTS = 12;
    const size_t pixels = size_t(s.width) * s.height;
    scratch.tile.resize(TILE * ROW + LANES);
    scratch.moments.assign(bins.records.size() * MOMENTS, 0.f);
    float* tile = scratch.tile.data();
    for (int t = 0; t < bins.tiles_x * bins.tiles_y; t++) {
        const int x0 = t % bins.tiles_x * TILE, y0 = t / bins.tiles_x * TILE;
        const int columns = std::min(TILE, s.width - x0), rows = std::min(TILE, s.height - y0);
        std::fill(scratch.tile.begin(), scratch.tile.end(), 0.f);  // T = 0: stopped, or outside the image
        for (int r = 0; r < rows; r++) {
            float* row = tile + r * ROW;
            const size_t at = size_t(y0 + r) * s.width + x0;
            const float *g0 = image_gradient + at, *g1 = g0 + pixels, *g2 = g1 + pixels;
            const float *i0 = image.data() + at, *i1 = i0 + pixels, *i2 = i1 + pixels;
            for (int k = 0; k < columns; k++) {
                row[T + k] = 1;
                row[BEHIND + k] = g0[k] * i0[k] + g1[k] * i1[k] + g2[k] * i2[k];
                row[G0 + k] = g0[k], row[G1 + k] = g1[k], row[G2 + k] = g2[k];
            }
        }
        for (int j = bins.start[t]; j < bins.start[t + 1]; j++) {
            const Record& g = bins.records[bins.ids[j]];
            const Spans spans(g, x0, y0);
            Floats e0{}, ex{}, ey{}, exx{}, exy{}, eyy{}, c0{}, c1{}, c2{};
            for (int r = spans.y0; r < spans.y1; r++) {
                const float dy = r - spans.y, q0 = g.half_c * dy * dy, q1 = g.b * dy;
                const float a = 2 * g.half_a, c_dy = 2 * g.half_c * dy;
                for (int x = spans.first[r]; x < spans.last[r]; x += LANES) {
                    float* at = tile + r * ROW + x;
                    Floats dx = iota() + (x - spans.x), uncapped = uncapped_alpha(g, dx, q0, q1);
                    Floats alpha = smaller(uncapped, broadcast(s.alpha_cap));
                    alpha = select(alpha >= ALPHA_SKIP, alpha, broadcast(0.f));
                    Floats before = load(at + T), after = before - alpha * before;
                    Ints live = after > STOP;
                    alpha = select(live, alpha, broadcast(0.f));
                    Floats weight = alpha * before;
                    store(at + T, select(live, after, broadcast(0.f)));
                    Floats v0 = load(at + G0), v1 = load(at + G1), v2 = load(at + G2);
                    Floats own = weight * (g.red * v0 + g.green * v1 + g.blue * v2);
                    Floats behind = load(at + BEHIND) - own;
                    store(at + BEHIND, behind);
                    Floats e = alpha * (behind / (1.f - alpha)) - own;
                    e = select(uncapped <= s.alpha_cap, e, broadcast(0.f));
                    Floats hx = a * dx + q1, hy = g.b * dx + c_dy, e_hx = e * hx, e_hy = e * hy;
                    e0 += e, ex += e_hx, ey += e_hy, exx += e_hx * hx, exy += e_hx * hy, eyy += e_hy * hy;
                    c0 += weight * v0, c1 += weight * v1, c2 += weight * v2;
                }
            }
            float* m = &scratch.moments[size_t(bins.ids[j]) * MOMENTS];
            m[0] += sum(e0), m[1] += sum(ex), m[2] += sum(ey), m[3] += sum(exx), m[4] += sum(exy), m[5] += sum(eyy);
            m[6] += sum(c0), m[7] += sum(c1), m[8] += sum(c2);
            if ((j - bins.start[t]) % CHECK_EVERY == CHECK_EVERY - 1 && !any_positive(tile, PLANES_HERE)) break;
        }
    }
    out.reset(p.stride);
    for (size_t j = 0; j < bins.records.size(); j++) {
        const Record& g = bins.records[j];
        const float* m = &scratch.moments[j * MOMENTS];
        const int i = g.index;
        out.u[i] = -m[1], out.v[i] = -m[2];
        out.sigma_a[i] = -.5f * m[3], out.sigma_b[i] = -.5f * m[4], out.sigma_c[i] = -.5f * m[5];
        out.opacity[i] = -m[0] / g.opacity;
        out.red[i] = m[6], out.green[i] = m[7], out.blue[i] = m[8];
    }
}

}  // namespace vid3d
