// Sorting the projected Gaussians by depth and listing them by tile.
#pragma once

#include <cstring>

#include "projection.hpp"

namespace vid3d {

constexpr int TILE = 64;                // pixels; large tiles, since exact row spans already skip what is not covered
constexpr int TILE_ROW = TILE + LANES;  // floats of a tile's row: the last vector may reach beyond

struct Record {               // one drawn Gaussian, everything that the inner loops read, in depth order
    float x, y;               // mean, in pixel indices (pixel centre = index)
    float half_a, b, half_c;  // q/2 = half_a dx^2 + b dx dy + half_c dy^2
    float opacity, red, green, blue;
    float inverse_a, b_over_a, det, reach_a;  // for the row spans: 1/a, b/a, a c - b^2, reach a
    int32_t index;                            // into the planes
    Projected::Box box;
};

struct Bins {
    std::vector<Record> records;  // by increasing depth, ties by index
    std::vector<int> start, ids;  // records of tile t, front to back: ids[start[t] .. start[t + 1])
    int tiles_x = 0, tiles_y = 0;

    void fill(const Projected& p, int width, int height);

private:
    std::vector<uint32_t> keys_, keys_swap_;
    std::vector<int32_t> order_, order_swap_;
    std::vector<int> cursor_;
    void sort_by_depth(const Projected& p);
};

// Radix sort on the bits of the depth (positive floats order like their bits), three passes of 11 bits, stable.
inline void Bins::sort_by_depth(const Projected& p) {
    constexpr int BITS = 11, BUCKETS = 1 << BITS, PASSES = 3;
    int histogram[PASSES][BUCKETS];
    std::memset(histogram, 0, sizeof histogram);
    keys_.clear(), order_.clear();
    for (int i = 0; i < p.count; i++) {
        if (p.box[i].empty()) continue;
        uint32_t key;
        std::memcpy(&key, &p.depth[i], sizeof key);
        keys_.push_back(key), order_.push_back(i);
        for (int pass = 0; pass < PASSES; pass++) histogram[pass][(key >> (BITS * pass)) & (BUCKETS - 1)]++;
    }
    keys_swap_.resize(keys_.size()), order_swap_.resize(order_.size());
    for (int pass = 0; pass < PASSES; pass++) {
        int total = 0;
        for (int& h : histogram[pass]) total += h, h = total - h;  // exclusive prefix sums
        for (size_t j = 0; j < keys_.size(); j++) {
            int to = histogram[pass][(keys_[j] >> (BITS * pass)) & (BUCKETS - 1)]++;
            keys_swap_[to] = keys_[j], order_swap_[to] = order_[j];
        }
        keys_.swap(keys_swap_), order_.swap(order_swap_);
    }
}

template <class Visit>
void for_each_tile(const Projected::Box& box, int tiles_x, Visit visit) {
    for (int ty = box.y0 / TILE; ty <= (box.y1 - 1) / TILE; ty++)
        for (int tx = box.x0 / TILE; tx <= (box.x1 - 1) / TILE; tx++) visit(ty * tiles_x + tx);
}

// Going through the Gaussians in depth order and appending each to its tiles leaves every tile's list sorted.
inline void Bins::fill(const Projected& p, int width, int height) {
    sort_by_depth(p);
    tiles_x = (width + TILE - 1) / TILE, tiles_y = (height + TILE - 1) / TILE;
    start.assign(tiles_x * tiles_y + 1, 0);
    records.resize(order_.size());
    for (size_t j = 0; j < order_.size(); j++) {
        int i = order_[j];
        float a = p.conic_a[i], b = p.conic_b[i];
        records[j] = {p.u[i] - .5f, p.v[i] - .5f,   .5f * a,        b,         .5f * p.conic_c[i],
                      p.opacity[i], p.red[i],       p.green[i],     p.blue[i], 1 / a,
                      b / a,        p.conic_det[i], p.reach[i] * a, i,         p.box[i]};
        for_each_tile(p.box[i], tiles_x, [&](int t) { start[t + 1]++; });
    }
    for (int t = 0; t < tiles_x * tiles_y; t++) start[t + 1] += start[t];
    cursor_ = start;
    ids.resize(start.back());
    for (size_t j = 0; j < records.size(); j++)
        for_each_tile(records[j].box, tiles_x, [&](int t) { ids[cursor_[t]++] = int(j); });
}

// Rows y0..y1 of a tile that a Gaussian covers and, for each, the pixels [first, last) whose centres lie inside its
// ellipse: from a dx^2 + 2 b dx dy + c dy^2 <= reach follows dx = -b/a dy -+ sqrt(reach a - det dy^2) / a.
struct Spans {
    int y0, y1;
    float x, y;  // mean relative to the tile
    int32_t first[TILE + LANES], last[TILE + LANES];

    Spans(const Record& g, int tile_x, int tile_y) {
        x = g.x - tile_x, y = g.y - tile_y;
        y0 = std::max(g.box.y0 - tile_y, 0), y1 = std::min(g.box.y1 - tile_y, TILE);
        const Floats low = broadcast(float(std::max(g.box.x0 - tile_x, 0))),
                     high = broadcast(float(std::min(g.box.x1 - tile_x, TILE)));
        for (int r = y0; r < y1; r += LANES) {
            Floats dy = iota() + (r - y);
            Floats half = square_root(larger(g.reach_a - g.det * dy * dy, broadcast(0.f))) * g.inverse_a;
            Floats middle = x - g.b_over_a * dy;
            Floats from = smaller(larger(middle - half, low), high),
                   to = smaller(larger(middle + half + 1.f, low), high);
            Ints whole = truncate(from);  // from >= 0: truncation rounds down
            store(first + r, whole - Ints(to_floats(whole) < from));
            store(last + r, truncate(to));
        }
    }
};

}  // namespace vid3d
