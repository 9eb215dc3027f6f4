// The Python face of one instruction set: vid3d.splatting._avx2, vid3d.splatting._portable.
//
// Arrays are float32 and C-contiguous; Gaussians travel as (14, n) planes (gaussians.hpp), cameras as (k, 16) rows
// [world-to-camera 3x4 | fx fy cx cy], images planar (k, 3, h, w), how they are drawn as a Rasterisation of
// vid3d/splatting/rasteriser.py.  Results go into arrays that the caller allocates.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <optional>

#include "clip_trainer.hpp"
#include "hull.hpp"
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
using Image = nb::shape<3, -1, -1>;
using Images = nb::shape<-1, 3, -1, -1>;
using CameraRows = nb::shape<-1, 16>;
using Indices = nb::ndarray<const int32_t, nb::shape<-1>, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<bool, nb::shape<-1>, nb::c_contig, nb::device::cpu>;

void require(bool holds, const char* what) {
    if (!holds) throw nb::value_error(what);
}

Gaussians gaussians(const In<Planes>& values) {
    return Gaussians(values.data(), int(values.shape(1)));
}

std::vector<Camera> cameras_of(const In<CameraRows>& rows, size_t images) {
    static_assert(sizeof(Camera) == 16 * sizeof(float));
    require(rows.shape(0) == images, "one image per camera");
    std::vector<Camera> cameras(images);
    std::memcpy(cameras.data(), rows.data(), images * sizeof(Camera));
    return cameras;
}

Settings settings_of(nb::handle rasterisation, size_t width, size_t height) {
    const auto number = [&](const char* name) { return nb::cast<float>(rasterisation.attr(name)); };
    const auto background = nb::cast<std::array<float, 3>>(rasterisation.attr("background"));
    return {int(width),     int(height),         {background[0], background[1], background[2]},
            number("near"), number("alpha_cap"), number("eps2d")};
}

void render(In<Planes> splats, In<CameraRows> rows, Out<Images> images, nb::handle rasterisation) {
    const Settings settings = settings_of(rasterisation, images.shape(3), images.shape(2));
    const auto cameras = cameras_of(rows, images.shape(0));
    nb::gil_scoped_release released;
    const Gaussians g = gaussians(splats);
    Rasteriser rasteriser(settings);
    for (size_t k = 0; k < cameras.size(); k++) {
        rasteriser.forward(g, cameras[k]);
        std::copy(rasteriser.image.begin(), rasteriser.image.end(), images.data() + k * rasteriser.image.size());
    }
}

// One camera's image, kept for its backward pass.
class Drawn {
public:
    Drawn(In<Planes> splats, In<CameraRows> rows, Out<Image> image, Flags visible, nb::handle rasterisation)
        : camera_(cameras_of(rows, 1)[0]),
          splats_(gaussians(splats)),
          rasteriser_(settings_of(rasterisation, image.shape(2), image.shape(1))) {
        require(splats.shape(1) == visible.shape(0), "one flag per splat");
        nb::gil_scoped_release released;
        rasteriser_.forward(splats_, camera_);
        std::copy(rasteriser_.image.begin(), rasteriser_.image.end(), image.data());
        std::copy_n(rasteriser_.projected.visible.begin(), visible.shape(0), visible.data());
    }
    // centres: dL/d(u, v) by splat.
    void backward(In<Image> image_gradient, Out<Planes> gradients, Out<nb::shape<-1, 2>> centres) {
        const Settings& settings = rasteriser_.settings;
        const int count = splats_.count();
        require(int(image_gradient.shape(1)) == settings.height && int(image_gradient.shape(2)) == settings.width,
                "a gradient of the image's size");
        require(int(gradients.shape(1)) == count && int(centres.shape(0)) == count, "as many gradients as splats");
        nb::gil_scoped_release released;
        Gaussians total(count);
        rasteriser_.backward(total, splats_, camera_, image_gradient.data());
        total.copy_to(gradients.data());
        for (int i = 0; i < count; i++) {
            centres.data()[2 * i] = rasteriser_.gradients.u[i];
            centres.data()[2 * i + 1] = rasteriser_.gradients.v[i];
        }
    }

private:
    Camera camera_;
    Gaussians splats_;
    Rasteriser rasteriser_;
};

void mean_squared_distances(In<nb::shape<-1, 3>> points, Out<nb::shape<-1>> distances) {
    require(points.shape(0) == distances.shape(0), "one distance per point");
    nb::gil_scoped_release released;
    const int count = int(points.shape(0));
    const Neighbours neighbours(points.data(), count);
    for (int i = 0; i < count; i++) distances.data()[i] = neighbours.mean_squared_distance(i);
}

// A hull and the images that its colours come from.
struct Carved {
    In<Images> images;
    Hull hull;

    Carved(In<CameraRows> rows, In<Images> images, nb::handle rasterisation, float contrast, float share,
           float half_edge, int cells)
        : images(images),
          hull(cameras_of(rows, images.shape(0)), images.data(),
               settings_of(rasterisation, images.shape(3), images.shape(2)), {contrast, share, half_edge, cells}) {}
    void splats(Indices picks, In<nb::shape<-1, 3>> jitter, bool on_surface, std::array<float, 3> placement,
                Out<Planes> out) const {
        const int count = int(picks.shape(0)), cells = on_surface ? hull.surface() : hull.volume();
        require(int(jitter.shape(0)) == count && int(out.shape(1)) == count, "as many columns as picks");
        for (int i = 0; i < count; i++) require(picks.data()[i] >= 0 && picks.data()[i] < cells, "cell out of range");
        const Placement p{placement[0], placement[1], placement[2]};
        hull.splats(picks.data(), jitter.data(), count, on_surface, p).copy_to(out.data());
    }
};

// A trainer and its next densification: planned first, so that the caller knows how many normals to draw.
struct Session {
    Trainer trainer;
    std::optional<Densification> planned;

    Session(In<Planes> splats, In<CameraRows> rows, In<Images> targets, nb::handle rasterisation, float ssim_weight,
            float l1_weight, float opacity_weight, double beta2)
        : trainer(gaussians(splats), cameras_of(rows, targets.shape(0)), targets.data(),
                  settings_of(rasterisation, targets.shape(3), targets.shape(2)),
                  {ssim_weight, l1_weight, opacity_weight}, beta2) {
        require(rows.shape(0) > 0 && splats.shape(1) > 0, "at least one camera and one splat");
    }
};

// coefficients (b, 14, n), weights (b, moments), groups: how many of the five each basis moves; targets (moments,
// cameras, 3, h, w) as (moments * cameras, 3, h, w).
ClipTrainer clip_trainer(In<nb::shape<-1, PLANES, -1>> coefficients, In<nb::shape<-1, -1>> weights,
                         const std::vector<int>& groups, In<CameraRows> rows, In<Images> targets,
                         nb::handle rasterisation, std::array<float, 3> loss, double beta2,
                         std::array<float, GROUPS> smoothness) {
    const size_t bases = coefficients.shape(0), moments = weights.shape(1), count = coefficients.shape(2);
    require(bases > 0 && count > 0 && moments > 0 && rows.shape(0) > 0, "at least one basis, splat, moment and camera");
    require(weights.shape(0) == bases && groups.size() == bases, "weights and groups for each basis");
    require(targets.shape(0) == moments * rows.shape(0), "one target per moment and camera");
    std::vector<Gaussians> start;
    std::vector<Basis> mixed;
    for (size_t b = 0; b < bases; b++) {
        require(groups[b] >= 1 && groups[b] <= GROUPS, "one to five groups");
        start.emplace_back(coefficients.data() + b * PLANES * count, int(count));
        mixed.push_back({{weights.data() + b * moments, weights.data() + (b + 1) * moments}, groups[b]});
    }
    return ClipTrainer(std::move(start), std::move(mixed), cameras_of(rows, rows.shape(0)), int(moments),
                       targets.data(), settings_of(rasterisation, targets.shape(3), targets.shape(2)),
                       {loss[0], loss[1], loss[2]}, beta2, smoothness);
}

}  // namespace

NB_MODULE(VID3D_MODULE, m) {
    m.attr("LANES") = LANES;
#if defined(__x86_64__)
    m.def("supports_avx2", [] { return bool(__builtin_cpu_supports("avx2")); });
#else
    m.def("supports_avx2", [] { return false; });
#endif
    m.def("render", &render);
    m.def("mean_squared_distances", &mean_squared_distances);

    nb::class_<Drawn>(m, "Drawn")
        .def(nb::init<In<Planes>, In<CameraRows>, Out<Image>, Flags, nb::handle>())
        .def("backward", &Drawn::backward);

    nb::class_<Carved>(m, "Hull")
        .def(nb::init<In<CameraRows>, In<Images>, nb::handle, float, float, float, int>())
        .def_prop_ro("surface", [](const Carved& c) { return c.hull.surface(); })
        .def_prop_ro("volume", [](const Carved& c) { return c.hull.volume(); })
        // picks (n,) int32, jitter (n, 3), placement: scale, flatness, opacity; splats (14, n) out
        .def("splats", &Carved::splats);

    nb::class_<Session>(m, "Trainer")
        .def(nb::init<In<Planes>, In<CameraRows>, In<Images>, nb::handle, float, float, float, double>())
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
             [](Session& s, Indices views, In<nb::shape<-1, GROUPS>> rates, Out<nb::shape<-1>> losses) {
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
                 s.planned =
                     s.trainer.plan({gradient_threshold, clone_below, minimum_opacity, maximum_scale, maximum_count});
                 return nb::make_tuple(s.planned->clones(), s.planned->splits(), s.planned->withheld);
             })
        .def("densify",
             [](Session& s, In<nb::shape<-1, 3>> normals) {
                 require(s.planned.has_value(), "plan_densification comes first");
                 require(int(normals.shape(0)) == CHILDREN * s.planned->splits(), "normals: (2 splits, 3)");
                 s.trainer.densify(*s.planned, normals.data());
                 s.planned.reset();
             })
        .def("copy_splats", [](const Session& s, Out<Planes> out) {
            require(int(out.shape(1)) == s.trainer.parameters().count(), "as many columns as splats");
            s.trainer.parameters().copy_to(out.data());
        });

    nb::class_<ClipTrainer>(m, "ClipTrainer")
        .def(nb::new_(&clip_trainer))
        // Iterations in a row: moments and views (k,) int32, rates (k, 5), losses (k,) out.
        .def("run",
             [](ClipTrainer& t, Indices moments, Indices views, In<nb::shape<-1, GROUPS>> rates,
                Out<nb::shape<-1>> losses) {
                 const size_t steps = moments.shape(0);
                 require(views.shape(0) == steps && rates.shape(0) == steps && losses.shape(0) == steps,
                         "equal numbers of iterations");
                 for (size_t k = 0; k < steps; k++)
                     require(moments.data()[k] >= 0 && moments.data()[k] < t.moments() && views.data()[k] >= 0 &&
                                 views.data()[k] < t.views(),
                             "moment or view out of range");
                 nb::gil_scoped_release released;
                 for (size_t k = 0; k < steps; k++)
                     losses.data()[k] = t.step(moments.data()[k], views.data()[k], rates.data() + k * GROUPS);
             })
        .def("copy_moment", [](const ClipTrainer& t, int moment, Out<Planes> out) {
            require(moment >= 0 && moment < t.moments(), "moment out of range");
            require(int(out.shape(1)) == t.count(), "as many columns as splats");
            Gaussians assembled(t.count());
            t.assemble(assembled, moment);
            assembled.copy_to(out.data());
        });
}
