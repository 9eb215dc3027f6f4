// The Python face of one instruction set: vid3d.splatting._avx2, vid3d.splatting._portable.
//
// Arrays are float32 and C-contiguous; Gaussians travel as (14, n) planes (gaussians.hpp), cameras as (k, 16) rows
// [world-to-camera 3x4 | fx fy cx cy], images planar (k, 3, h, w).  Results go into arrays that the caller allocates.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>

#include <array>

#include "neighbours.hpp"
#include "trainer.hpp"

namespace nb = nanobind;
using namespace vid3d;

namespace {

template <class... Shape>
using In = nb::ndarray<const float, Shape..., nb::c_contig, nb::device::cpu>;
template <class... Shape>
using Out = nb::ndarray<float, Shape..., nb::c_contig, nb::device::cpu>;
using Planes = nb::shape<PLANES, -1>;
using Images = nb::shape<-1, 3, -1, -1>;
using CameraRows = nb::shape<-1, 16>;

void require(bool holds, const char* what) {
    if (!holds) throw nb::value_error(what);
}

Gaussians gaussians(const In<Planes>& values) {
    return Gaussians(values.data(), int(values.shape(1)));
}

std::vector<Camera> cameras_from(const In<CameraRows>& rows) {
    static_assert(sizeof(Camera) == 16 * sizeof(float));
    std::vector<Camera> cameras(rows.shape(0));
    std::memcpy(cameras.data(), rows.data(), cameras.size() * sizeof(Camera));
    return cameras;
}

Settings settings_for(size_t width, size_t height, const std::array<float, 3>& background, float near, float cap,
                      float eps2d) {
    return {int(width), int(height), {background[0], background[1], background[2]}, near, cap, eps2d};
}

void render(In<Planes> splats, In<CameraRows> rows, Out<Images> images, std::array<float, 3> background, float near,
            float alpha_cap, float eps2d) {
    require(rows.shape(0) == images.shape(0), "one image per camera");
    nb::gil_scoped_release released;
    const Gaussians g = gaussians(splats);
    const auto cameras = cameras_from(rows);
    Rasteriser rasteriser(settings_for(images.shape(3), images.shape(2), background, near, alpha_cap, eps2d));
    for (size_t k = 0; k < cameras.size(); k++) {
        rasteriser.forward(g, cameras[k]);
        std::copy(rasteriser.image.begin(), rasteriser.image.end(), images.data() + k * rasteriser.image.size());
    }
}

void render_backward(In<Planes> splats, In<CameraRows> rows, In<Images> image_gradients, Out<Planes> gradients,
                     std::array<float, 3> background, float near, float alpha_cap, float eps2d) {
    require(rows.shape(0) == image_gradients.shape(0), "one image gradient per camera");
    require(splats.shape(1) == gradients.shape(1), "as many gradients as splats");
    nb::gil_scoped_release released;
    const Gaussians g = gaussians(splats);
    const auto cameras = cameras_from(rows);
    Rasteriser rasteriser(
        settings_for(image_gradients.shape(3), image_gradients.shape(2), background, near, alpha_cap, eps2d));
    Gaussians total(g.count());
    for (size_t k = 0; k < cameras.size(); k++) {
        rasteriser.forward(g, cameras[k]);
        rasteriser.backward(total, g, cameras[k], image_gradients.data() + k * rasteriser.image.size());
    }
    total.copy_to(gradients.data());
}

// One camera's image, kept for its backward pass.
struct Drawn {
    Gaussians splats;
    Camera camera;
    Rasteriser rasteriser;
};

Drawn* new_drawn(Drawn* at, In<Planes> splats, In<CameraRows> rows, Out<nb::shape<3, -1, -1>> image,
                 nb::ndarray<bool, nb::shape<-1>, nb::c_contig, nb::device::cpu> visible,
                 std::array<float, 3> background, float near, float alpha_cap, float eps2d) {
    require(rows.shape(0) == 1, "one camera");
    require(splats.shape(1) == visible.shape(0), "one flag per splat");
    nb::gil_scoped_release released;
    const Settings settings = settings_for(image.shape(2), image.shape(1), background, near, alpha_cap, eps2d);
    auto* drawn = new (at) Drawn{gaussians(splats), cameras_from(rows)[0], Rasteriser(settings)};
    drawn->rasteriser.forward(drawn->splats, drawn->camera);
    std::copy(drawn->rasteriser.image.begin(), drawn->rasteriser.image.end(), image.data());
    std::copy_n(drawn->rasteriser.projected.visible.begin(), visible.shape(0), visible.data());
    return drawn;
}

// centres: dL/d(u, v) by splat.
void backward(Drawn& drawn, In<nb::shape<3, -1, -1>> image_gradient, Out<Planes> gradients,
              Out<nb::shape<-1, 2>> centres) {
    const Settings& settings = drawn.rasteriser.settings;
    const int count = drawn.splats.count();
    require(int(image_gradient.shape(1)) == settings.height && int(image_gradient.shape(2)) == settings.width,
            "a gradient of the image's size");
    require(int(gradients.shape(1)) == count && int(centres.shape(0)) == count, "as many gradients as splats");
    nb::gil_scoped_release released;
    Gaussians total(count);
    drawn.rasteriser.backward(total, drawn.splats, drawn.camera, image_gradient.data());
    total.copy_to(gradients.data());
    for (int i = 0; i < count; i++) {
        centres.data()[2 * i] = drawn.rasteriser.gradients.u[i];
        centres.data()[2 * i + 1] = drawn.rasteriser.gradients.v[i];
    }
}

double image_loss(In<nb::shape<3, -1, -1>> image, In<nb::shape<3, -1, -1>> target, Out<nb::shape<3, -1, -1>> gradient,
                  float ssim_weight, float l1_weight) {
    for (int axis : {1, 2})
        require(image.shape(axis) == target.shape(axis) && image.shape(axis) == gradient.shape(axis),
                "equal image sizes");
    nb::gil_scoped_release released;
    Loss loss(int(image.shape(2)), int(image.shape(1)));
    loss.add_target(target.data());
    return loss.image_loss(gradient.data(), image.data(), 0, ssim_weight, l1_weight);
}

void mean_squared_distances(In<nb::shape<-1, 3>> points, Out<nb::shape<-1>> distances) {
    require(points.shape(0) == distances.shape(0), "one distance per point");
    nb::gil_scoped_release released;
    const int count = int(points.shape(0));
    const Neighbours neighbours(points.data(), count);
    for (int i = 0; i < count; i++) distances.data()[i] = neighbours.mean_squared_distance(i);
}

// A trainer and its next densification: planned first, so that the caller knows how many normals to draw.
struct Session {
    Trainer trainer;
    std::vector<Densification> planned;  // none or one
};

Session* new_session(Session* at, In<Planes> splats, In<CameraRows> rows, In<Images> targets,
                     std::array<float, 3> background, float near, float alpha_cap, float eps2d, float ssim_weight,
                     float l1_weight, float opacity_weight) {
    require(rows.shape(0) == targets.shape(0) && rows.shape(0) > 0, "one target per camera, at least one");
    require(splats.shape(1) > 0, "at least one splat");
    const Settings settings = settings_for(targets.shape(3), targets.shape(2), background, near, alpha_cap, eps2d);
    return new (at) Session{Trainer(gaussians(splats), cameras_from(rows), targets.data(), settings,
                                    {ssim_weight, l1_weight, opacity_weight}),
                            {}};
}

}  // namespace

NB_MODULE(VID3D_MODULE, m) {
    m.attr("LANES") = LANES;
#if defined(__x86_64__)
    m.def("supports_avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); });
#else
    m.def("supports_avx2", [] { return false; });
#endif
    m.def("render", &render);
    m.def("render_backward", &render_backward);
    m.def("image_loss", &image_loss);
    m.def("mean_squared_distances", &mean_squared_distances);

    nb::class_<Drawn>(m, "Drawn")
        .def("__init__",
             [](Drawn* at, In<Planes> splats, In<CameraRows> rows, Out<nb::shape<3, -1, -1>> image,
                nb::ndarray<bool, nb::shape<-1>, nb::c_contig, nb::device::cpu> visible,
                std::array<float, 3> background, float near, float alpha_cap, float eps2d) {
                 new_drawn(at, splats, rows, image, visible, background, near, alpha_cap, eps2d);
             })
        .def("backward", &backward);

    nb::class_<Session>(m, "Trainer")
        .def(
            "__init__",
            [](Session* at, In<Planes> splats, In<CameraRows> rows, In<Images> targets, std::array<float, 3> background,
               float near, float alpha_cap, float eps2d, float ssim_weight, float l1_weight, float opacity_weight) {
                new_session(at, splats, rows, targets, background, near, alpha_cap, eps2d, ssim_weight, l1_weight,
                            opacity_weight);
            })
        .def_prop_ro("count", [](const Session& s) { return s.trainer.parameters().count(); })
        .def("accumulate",
             [](Session& s, int view) {
                 require(view >= 0 && view < s.trainer.views(), "view out of range");
                 nb::gil_scoped_release released;
                 return s.trainer.accumulate(view);
             })
        .def("update", [](Session& s, std::array<float, GROUPS> rates) { s.trainer.update(rates.data()); })
        // Plain iterations in a row: views (k,) int32, rates (k, 5), losses (k,) out.
        .def("run",
             [](Session& s, nb::ndarray<const int32_t, nb::shape<-1>, nb::c_contig, nb::device::cpu> views,
                In<nb::shape<-1, GROUPS>> rates, Out<nb::shape<-1>> losses) {
                 require(views.shape(0) == rates.shape(0) && views.shape(0) == losses.shape(0),
                         "equal numbers of iterations");
                 for (size_t k = 0; k < views.shape(0); k++)
                     require(views.data()[k] >= 0 && views.data()[k] < s.trainer.views(), "view out of range");
                 nb::gil_scoped_release released;
                 for (size_t k = 0; k < views.shape(0); k++) {
                     losses.data()[k] = s.trainer.accumulate(views.data()[k]);
                     s.trainer.update(rates.data() + k * GROUPS);
                 }
             })
        .def("reset_opacities", [](Session& s, float ceiling) { s.trainer.reset_opacities(ceiling); })
        .def("plan_densification",
             [](Session& s, float gradient_threshold, float clone_below, float minimum_opacity, float maximum_scale,
                int maximum_count) {
                 s.planned = {
                     s.trainer.plan({gradient_threshold, clone_below, minimum_opacity, maximum_scale, maximum_count})};
                 return nb::make_tuple(s.planned[0].clones(), s.planned[0].splits(), s.planned[0].withheld);
             })
        .def("densify",
             [](Session& s, In<nb::shape<-1, 3>> normals) {
                 require(!s.planned.empty(), "plan_densification comes first");
                 require(int(normals.shape(0)) == CHILDREN * s.planned[0].splits(), "normals: (2 splits, 3)");
                 s.trainer.densify(s.planned[0], normals.data());
                 s.planned.clear();
             })
        .def("copy_splats", [](const Session& s, Out<Planes> out) {
            require(int(out.shape(1)) == s.trainer.parameters().count(), "as many columns as splats");
            s.trainer.parameters().copy_to(out.data());
        });

    nb::class_<Densification>(m, "Densification")  // on its own, with statistics from outside
        .def("__init__",
             [](Densification* at, In<Planes> splats, In<nb::shape<-1>> mean_gradients, float gradient_threshold,
                float clone_below, float minimum_opacity, float maximum_scale, int maximum_count) {
                 require(splats.shape(1) == mean_gradients.shape(0), "one mean gradient per splat");
                 new (at)
                     Densification(gaussians(splats), mean_gradients.data(),
                                   {gradient_threshold, clone_below, minimum_opacity, maximum_scale, maximum_count});
             })
        .def_prop_ro("clones", &Densification::clones)
        .def_prop_ro("splits", &Densification::splits)
        .def("apply", [](const Densification& d, In<Planes> splats, In<nb::shape<-1, 3>> normals) {
            require(int(normals.shape(0)) == CHILDREN * d.splits(), "normals: (2 splits, 3)");
            const Gaussians out = d.apply(gaussians(splats), normals.data(), nullptr, nullptr);
            auto* values = new std::vector<float>(size_t(PLANES) * out.count());
            out.copy_to(values->data());
            nb::capsule owner(values, [](void* p) noexcept { delete static_cast<std::vector<float>*>(p); });
            return nb::ndarray<nb::numpy, float>(values->data(), {size_t(PLANES), size_t(out.count())}, owner);
        });
}
