// Front-to-back alpha compositing (Kerbl et al. 2023, eq. 3):
//
//   alpha_i = min(opacity_i exp(-q_i / 2), cap), skipped below 1/255
//   T_1 = 1, T_{i+1} = T_i (1 - alpha_i); a pixel stops before the Gaussian that would bring T to 1e-4 or less
//   pixel = sum_i colour_i alpha_i T_i + background T_end
#pragma once

#include "binning.hpp"

namespace vid3d {

constexpr float STOP = 1e-4f;
constexpr int CHECK_EVERY = 32;  // Gaussians between two looks whether a tile has any live pixel left

// alpha before the cap, for pixels at column offsets dx of a row whose terms in dy are q0 and q1
inline Floats uncapped_alpha(const Record& g, Floats dx, float q0, float q1) {
    Floats half_q = q0 + dx * (q1 + dx * g.half_a);
    return g.opacity * exp_of_negative(smaller(half_q, broadcast(6.f)));  // exp(-6) < 1/255: skipped anyway
}

inline bool any_positive(const float* tile, int planes) {  // in the first plane of a tile's rows
    Floats most = broadcast(-1.f);
    for (int r = 0; r < TILE; r++)
        for (int k = 0; k < TILE; k += LANES) most = larger(load(tile + r * planes * TILE_ROW + k), most);
    return largest(most) > 0;
}

// image: planar (3, height, width).
inline void composite(std::vector<float>& image, std::vector<float>& scratch, const Bins& bins, const Settings& s) {
    constexpr int T = 0, R = TILE_ROW, G = 2 * TILE_ROW, B = 3 * TILE_ROW, PLANES_HERE = 4,
                  ROW = PLANES_HERE * TILE_ROW;
    const size_t pixels = size_t(s.width) * s.height;
    image.resize(3 * pixels);
    scratch.resize(TILE * ROW + LANES);
    float* tile = scratch.data();
    for (int t = 0; t < bins.tiles_x * bins.tiles_y; t++) {
        const int x0 = t % bins.tiles_x * TILE, y0 = t / bins.tiles_x * TILE;
        const int columns = std::min(TILE, s.width - x0), rows = std::min(TILE, s.height - y0);
        for (int r = 0; r < TILE; r++) {  // T < 0 marks a pixel that has stopped, or that is outside the image
            float* row = tile + r * ROW;
            std::fill_n(row, ROW, 0.f);
            std::fill_n(row + T, TILE_ROW, -1.f);
            if (r < rows) std::fill_n(row + T, columns, 1.f);
        }
        for (int j = bins.start[t]; j < bins.start[t + 1]; j++) {
            const Record& g = bins.records[bins.ids[j]];
            const Spans spans(g, x0, y0);
            for (int r = spans.y0; r < spans.y1; r++) {
                const float dy = r - spans.y, q0 = g.half_c * dy * dy, q1 = g.b * dy;
                for (int x = spans.first[r]; x < spans.last[r]; x += LANES) {
                    float* p = tile + r * ROW + x;
                    Floats alpha = smaller(uncapped_alpha(g, iota() + (x - spans.x), q0, q1), broadcast(s.alpha_cap));
                    alpha = select(alpha >= ALPHA_SKIP, alpha, broadcast(0.f));
                    Floats before = load(p + T), weight = alpha * before, after = before - weight;
                    Ints live = after > STOP;
                    weight = select(live, weight, broadcast(0.f));
                    store(p + T, select(live, after, select(before < 0.f, before, -before)));
                    store(p + R, load(p + R) + weight * g.red);
                    store(p + G, load(p + G) + weight * g.green);
                    store(p + B, load(p + B) + weight * g.blue);
                }
            }
            if ((j - bins.start[t]) % CHECK_EVERY == CHECK_EVERY - 1 && !any_positive(tile, PLANES_HERE)) break;
        }
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < 3; c++) {
                const float *row = tile + r * ROW, *colour = row + (c + 1) * TILE_ROW;
                float* out = &image[c * pixels + size_t(y0 + r) * s.width + x0];
                for (int k = 0; k < columns; k++) out[k] = colour[k] + std::fabs(row[T + k]) * s.background[c];
            }
    }
}

}  // namespace vid3d
