// Gaussians to image-plane ellipses, and the gradients back (EWA splatting, Zwicker et al. 2001; Kerbl et al. 2023).
//
//   p  = V [position; 1]                    camera space, V the world-to-camera matrix
//   u  = fx p.x / p.z + cx,  v likewise      pixels; pixel centres lie at +0.5
//   J  = [fx/z 0 -fx x/z^2; 0 fy/z -fy y/z^2]  with x/z, y/z clamped at 1.3 times the field of view
//   P  = J V3 R(q) diag(exp(log_scale))      2 x 3
//   Sigma = P P^T + eps2d I                  2 x 2 covariance [a b; b c] in pixels^2
//   conic = Sigma^-1,   opacity = 1/(1 + exp(-logit)),   colour = max(0.5 + C0 sh, 0)
#pragma once

#include "gaussians.hpp"

namespace vid3d {

constexpr float ALPHA_SKIP = 1.f / 255;  // contributions below are not drawn
constexpr float LOG_255 = 5.541263545f;
constexpr float SH_C0 = 0.28209479177387814f;

struct Camera {
    float view[12];  // rows of [R | t], world to camera
    float fx, fy, cx, cy;
};

struct Settings {
    int width, height;
    float background[3];
    float near, alpha_cap, eps2d;
};

// What the rasterizer needs of each Gaussian, as planes of `stride` floats.
struct Projected {
    int count = 0, stride = 0;
    std::vector<float> u, v, depth, opacity, red, green, blue;
    std::vector<float> conic_a, conic_b, conic_c;
    std::vector<float> conic_det;  // 1 / det Sigma
    std::vector<float> reach;      // conic(d, d) <= reach  <=>  alpha >= 1/255
    struct Box {
        int32_t x0, x1, y0, y1;
        bool empty() const { return x1 <= x0 || y1 <= y0; }
    };
    std::vector<Box> box;          // pixels whose centres can lie in that ellipse, [x0, x1) x [y0, y1)
    std::vector<uint8_t> visible;  // in front of the near plane and its 3-sigma square meets the image

    void resize(int n) {
        count = n, stride = round_up(n);
        for (auto* plane :
             {&u, &v, &depth, &opacity, &red, &green, &blue, &conic_a, &conic_b, &conic_c, &conic_det, &reach})
            plane->assign(stride, 0.f);
        box.assign(stride, Box{});
        visible.assign(stride, 0);
    }
};

// Gradients with respect to the projected quantities, by Gaussian.
struct ProjectedGradients {
    std::vector<float> u, v, sigma_a, sigma_b, sigma_c, opacity, red, green, blue;
    void reset(int stride) {
        for (auto* plane : {&u, &v, &sigma_a, &sigma_b, &sigma_c, &opacity, &red, &green, &blue})
            plane->assign(stride, 0.f);
    }
};

// The quantities above for one vector of Gaussians; recomputed in the backward pass, which is cheaper than storing.
struct Lens {
    Floats x, y, z, rz, xz, yz;          // camera space; 1/z, x/z, y/z
    Floats tx, ty;                       // z times the clamped x/z, y/z
    float x_low, x_high, y_low, y_high;  // the clamps
    Floats qw, qx, qy, qz, inverse_length;
    Floats s0, s1, s2;
    Floats t00, t01, t02, t10, t11, t12;                 // T = J V3
    Floats r00, r01, r02, r10, r11, r12, r20, r21, r22;  // R(q)
    Floats m00, m01, m02, m10, m11, m12;                 // M = T R

    Lens(const Gaussians& g, int i, const Camera& c, const Settings& s) {
        const float* V = c.view;
        Floats X = load(g.plane(POSITION) + i), Y = load(g.plane(POSITION + 1) + i),
               Z = load(g.plane(POSITION + 2) + i);
        x = V[0] * X + V[1] * Y + V[2] * Z + V[3];
        y = V[4] * X + V[5] * Y + V[6] * Z + V[7];
        z = V[8] * X + V[9] * Y + V[10] * Z + V[11];
        rz = 1.f / z, xz = x * rz, yz = y * rz;
        float margin_x = .3f * .5f * s.width / c.fx, margin_y = .3f * .5f * s.height / c.fy;
        x_high = (s.width - c.cx) / c.fx + margin_x, x_low = -(c.cx / c.fx + margin_x);
        y_high = (s.height - c.cy) / c.fy + margin_y, y_low = -(c.cy / c.fy + margin_y);
        tx = z * smaller(broadcast(x_high), larger(broadcast(x_low), xz));
        ty = z * smaller(broadcast(y_high), larger(broadcast(y_low), yz));

        qw = load(g.plane(QUATERNION) + i), qx = load(g.plane(QUATERNION + 1) + i);
        qy = load(g.plane(QUATERNION + 2) + i), qz = load(g.plane(QUATERNION + 3) + i);
        inverse_length = 1.f / square_root(qw * qw + qx * qx + qy * qy + qz * qz);
        qw *= inverse_length, qx *= inverse_length, qy *= inverse_length, qz *= inverse_length;
        s0 = exponential(load(g.plane(LOG_SCALE) + i));
        s1 = exponential(load(g.plane(LOG_SCALE + 1) + i));
        s2 = exponential(load(g.plane(LOG_SCALE + 2) + i));

        Floats j00 = c.fx * rz, j02 = -c.fx * tx * rz * rz, j11 = c.fy * rz, j12 = -c.fy * ty * rz * rz;
        t00 = j00 * V[0] + j02 * V[8], t01 = j00 * V[1] + j02 * V[9], t02 = j00 * V[2] + j02 * V[10];
        t10 = j11 * V[4] + j12 * V[8], t11 = j11 * V[5] + j12 * V[9], t12 = j11 * V[6] + j12 * V[10];
        r00 = 1.f - 2.f * (qy * qy + qz * qz), r01 = 2.f * (qx * qy - qw * qz), r02 = 2.f * (qx * qz + qw * qy);
        r10 = 2.f * (qx * qy + qw * qz), r11 = 1.f - 2.f * (qx * qx + qz * qz), r12 = 2.f * (qy * qz - qw * qx);
        r20 = 2.f * (qx * qz - qw * qy), r21 = 2.f * (qy * qz + qw * qx), r22 = 1.f - 2.f * (qx * qx + qy * qy);
        m00 = t00 * r00 + t01 * r10 + t02 * r20, m10 = t10 * r00 + t11 * r10 + t12 * r20;
        m01 = t00 * r01 + t01 * r11 + t02 * r21, m11 = t10 * r01 + t11 * r11 + t12 * r21;
        m02 = t00 * r02 + t01 * r12 + t02 * r22, m12 = t10 * r02 + t11 * r12 + t12 * r22;
    }
};

inline Floats rgb(const Gaussians& g, int channel, int i) {
    return larger(.5f + SH_C0 * load(g.plane(COLOUR + channel) + i), broadcast(0.f));
}

inline void project(Projected& out, const Gaussians& g, const Camera& c, const Settings& s) {
    out.resize(g.count());
    for (int i = 0; i < g.stride(); i += LANES) {
        Lens l(g, i, c, s);
        Floats p00 = l.m00 * l.s0, p01 = l.m01 * l.s1, p02 = l.m02 * l.s2;
        Floats p10 = l.m10 * l.s0, p11 = l.m11 * l.s1, p12 = l.m12 * l.s2;
        // Sigma = [a b; b d]
        Floats a = p00 * p00 + p01 * p01 + p02 * p02 + s.eps2d;
        Floats b = p00 * p10 + p01 * p11 + p02 * p12;
        Floats d = p10 * p10 + p11 * p11 + p12 * p12 + s.eps2d;
        // det(P P^T) = |row0 x row1|^2 (Lagrange's identity): a d - b^2 would cancel catastrophically for needles.
        Floats n0 = p00 * p11 - p01 * p10, n1 = p00 * p12 - p02 * p10, n2 = p01 * p12 - p02 * p11;
        Floats det = n0 * n0 + n1 * n1 + n2 * n2 + s.eps2d * (a + d - s.eps2d);
        Floats inverse = 1.f / det;
        Floats u = c.fx * l.xz + c.cx, v = c.fy * l.yz + c.cy;
        Floats opacity = 1.f / (1.f + exponential(-load(g.plane(OPACITY_LOGIT) + i)));
        // alpha = opacity exp(-q/2) >= 1/255  <=>  q <= 2 ln(255 opacity); the 1e-3 absorbs rounding.
        Floats reach = 2.f * (logarithm(larger(opacity, broadcast(ALPHA_SKIP))) + LOG_255) + 1e-3f;
        Floats rx = square_root(reach * a), ry = square_root(reach * d);
        Floats half = .5f * (a + d), spread = square_root(larger(half * half - det, broadcast(0.1f)));
        Floats three_sigma = 3.f * square_root(half + spread);

        store(&out.u[i], u), store(&out.v[i], v), store(&out.depth[i], l.z), store(&out.opacity[i], opacity);
        store(&out.red[i], rgb(g, 0, i)), store(&out.green[i], rgb(g, 1, i)), store(&out.blue[i], rgb(g, 2, i));
        store(&out.conic_a[i], d * inverse), store(&out.conic_b[i], -b * inverse), store(&out.conic_c[i], a * inverse);
        store(&out.conic_det[i], inverse), store(&out.reach[i], reach);

        const float W = static_cast<float>(s.width), H = static_cast<float>(s.height);
        for (int k = 0; k < LANES; k++) {
            if (i + k >= g.count() || !(l.z[k] > s.near) || !(det[k] > 0)) continue;
            float r = three_sigma[k];
            out.visible[i + k] = u[k] + r > 0 && u[k] - r < W && v[k] + r > 0 && v[k] - r < H;
            if (!(opacity[k] >= ALPHA_SKIP)) continue;
            float left = std::max(u[k] - rx[k] - .5f, -1.f), right = std::min(u[k] + rx[k] - .5f, W);
            float top = std::max(v[k] - ry[k] - .5f, -1.f), bottom = std::min(v[k] + ry[k] - .5f, H);
            if (!(right >= -1.f) || !(bottom >= -1.f) || !(left < W) || !(top < H)) continue;
            out.box[i + k] = {std::max(0, int(std::ceil(left))), std::min(s.width, int(std::floor(right)) + 1),
                              std::max(0, int(std::ceil(top))), std::min(s.height, int(std::floor(bottom)) + 1)};
        }
    }
}

// Adds dL/dparameters of one camera to `out`, given dL/d(u, v, Sigma, opacity, colour).
inline void project_backward(Gaussians& out, const Gaussians& g, const Projected& projected,
                             const ProjectedGradients& d, const Camera& c, const Settings& s) {
    const float *V = c.view, fx = c.fx, fy = c.fy;
    for (int i = 0; i < g.stride(); i += LANES) {
        int32_t masks[LANES];
        bool any = false;
        for (int k = 0; k < LANES; k++) {
            masks[k] = projected.box[i + k].empty() ? 0 : -1;
            any |= masks[k] != 0;
        }
        if (!any) continue;
        const Ints drawn = load(masks);
        auto add = [&](int plane, Floats value) {
            float* p = out.plane(plane) + i;
            store(p, load(p) + select(drawn, value, broadcast(0.f)));  // lanes behind the camera may hold NaN
        };
        Lens l(g, i, c, s);
        // dL/dM diag(s)^2 = 2 dL/dSigma M diag(s)^2, with dL/dSigma symmetric [a b; b c]
        Floats ga = load(&d.sigma_a[i]), gb = load(&d.sigma_b[i]), gc = load(&d.sigma_c[i]);
        Floats k00 = 2.f * (ga * l.m00 + gb * l.m10) * l.s0, k10 = 2.f * (gb * l.m00 + gc * l.m10) * l.s0;
        Floats k01 = 2.f * (ga * l.m01 + gb * l.m11) * l.s1, k11 = 2.f * (gb * l.m01 + gc * l.m11) * l.s1;
        Floats k02 = 2.f * (ga * l.m02 + gb * l.m12) * l.s2, k12 = 2.f * (gb * l.m02 + gc * l.m12) * l.s2;
        add(LOG_SCALE, (k00 * l.m00 + k10 * l.m10) * l.s0);
        add(LOG_SCALE + 1, (k01 * l.m01 + k11 * l.m11) * l.s1);
        add(LOG_SCALE + 2, (k02 * l.m02 + k12 * l.m12) * l.s2);
        k00 *= l.s0, k10 *= l.s0, k01 *= l.s1, k11 *= l.s1, k02 *= l.s2, k12 *= l.s2;  // now K = dL/dM

        // dL/dR = T^T K, then through R(q) and the normalisation of q
        Floats d00 = l.t00 * k00 + l.t10 * k10, d01 = l.t00 * k01 + l.t10 * k11, d02 = l.t00 * k02 + l.t10 * k12;
        Floats d10 = l.t01 * k00 + l.t11 * k10, d11 = l.t01 * k01 + l.t11 * k11, d12 = l.t01 * k02 + l.t11 * k12;
        Floats d20 = l.t02 * k00 + l.t12 * k10, d21 = l.t02 * k01 + l.t12 * k11, d22 = l.t02 * k02 + l.t12 * k12;
        Floats w = l.qw, x = l.qx, y = l.qy, z = l.qz;
        Floats gw = 2.f * (x * (d21 - d12) + y * (d02 - d20) + z * (d10 - d01));
        Floats gx = 2.f * (-2.f * x * (d11 + d22) + y * (d01 + d10) + z * (d02 + d20) + w * (d21 - d12));
        Floats gy = 2.f * (x * (d01 + d10) - 2.f * y * (d00 + d22) + z * (d12 + d21) + w * (d02 - d20));
        Floats gz = 2.f * (x * (d02 + d20) + y * (d12 + d21) - 2.f * z * (d00 + d11) + w * (d10 - d01));
        Floats along = gw * w + gx * x + gy * y + gz * z;
        add(QUATERNION, (gw - along * w) * l.inverse_length), add(QUATERNION + 1, (gx - along * x) * l.inverse_length);
        add(QUATERNION + 2, (gy - along * y) * l.inverse_length),
            add(QUATERNION + 3, (gz - along * z) * l.inverse_length);

        // dL/dT = K R^T, dL/dJ = dL/dT V3^T (only the four entries of J that are not zero)
        Floats h00 = k00 * l.r00 + k01 * l.r01 + k02 * l.r02, h10 = k10 * l.r00 + k11 * l.r01 + k12 * l.r02;
        Floats h01 = k00 * l.r10 + k01 * l.r11 + k02 * l.r12, h11 = k10 * l.r10 + k11 * l.r11 + k12 * l.r12;
        Floats h02 = k00 * l.r20 + k01 * l.r21 + k02 * l.r22, h12 = k10 * l.r20 + k11 * l.r21 + k12 * l.r22;
        Floats j00 = h00 * V[0] + h01 * V[1] + h02 * V[2], j02 = h00 * V[8] + h01 * V[9] + h02 * V[10];
        Floats j11 = h10 * V[4] + h11 * V[5] + h12 * V[6], j12 = h10 * V[8] + h11 * V[9] + h12 * V[10];

        // dL/dp: through the mean (u, v) and through J; where x/z is clamped, J's x/z^2 depends on z alone
        Floats gu = load(&d.u[i]), gv = load(&d.v[i]), rz = l.rz, rz2 = rz * rz;
        Floats px = fx * rz * gu, py = fy * rz * gv;
        Floats pz = -(fx * l.x * gu + fy * l.y * gv) * rz2 - fx * rz2 * j00 - fy * rz2 * j11;
        Ints free_x = (l.xz <= l.x_high) & (l.xz >= l.x_low), free_y = (l.yz <= l.y_high) & (l.yz >= l.y_low);
        Floats fall_x = fx * l.tx * rz2 * rz * j02, fall_y = fy * l.ty * rz2 * rz * j12;
        px += select(free_x, -fx * rz2 * j02, broadcast(0.f)), pz += select(free_x, 2.f * fall_x, fall_x);
        py += select(free_y, -fy * rz2 * j12, broadcast(0.f)), pz += select(free_y, 2.f * fall_y, fall_y);
        add(POSITION, V[0] * px + V[4] * py + V[8] * pz);
        add(POSITION + 1, V[1] * px + V[5] * py + V[9] * pz);
        add(POSITION + 2, V[2] * px + V[6] * py + V[10] * pz);

        Floats opacity = load(&projected.opacity[i]);
        add(OPACITY_LOGIT, load(&d.opacity[i]) * opacity * (1.f - opacity));
        const float* channels[3] = {&d.red[i], &d.green[i], &d.blue[i]};
        for (int k = 0; k < 3; k++)
            add(COLOUR + k, select(rgb(g, k, i) > 0.f, SH_C0 * load(channels[k]), broadcast(0.f)));
    }
}

}  // namespace vid3d
