"""Gaussians fitted by automatic differentiation: the recipe of ``vid3d.splatting`` around gsplat's CUDA rasterizer.

The loop is ours, since gsplat's own strategy never resets opacities (gsplat 1.5.3) and steps where the released code
does not.  It draws its random numbers as the CPU fit does, so that both start alike and see the views in one order.
Moments are fitted independently of each other; those fitted together share their rasterizer calls and nothing else.
gsplat caps a splat's alpha at .999 (released code: .99), which cannot be changed.

The rasterizer is an argument.  With the C++ rasterizer in gsplat's place the whole loop has been run on a CPU and
compared with the fused C++ fit; gsplat itself and the GPU have not been run yet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from vid3d.errors import InputError
from vid3d.scene import Cameras, FitReport, Float32, Splats, Views
from vid3d.splatting import Drawn
from vid3d.splatting.fit import view_order
from vid3d.splatting.initialisation import initial_splats
from vid3d.splatting.instruction_sets import load
from vid3d.splatting.recipe import SH_C0, DensityControl, Event, Recipe, preset, schedule
from vid3d.stages import Fit, Progress
from vid3d.study.specs import CudaFit

REPORT_EVERY = 50  # iterations
CHILDREN = 2  # of a split splat
CHILD_SHRINK = 0.8 * CHILDREN
FIELDS = tuple(field.name for field in fields(Splats))

Parameters = dict[str, Tensor]  # the fields of Splats by name


@dataclass(frozen=True)
class Drawing:
    """One view of each of k moments, rasterized together; n is the largest number of splats among them.

    Attributes:
        images: (k, h, w, 3) in the graph of the parameters.
        centres: (k, ..., n, 2) in the graph; their gradient is that of the image-plane centres in pixels, for the
            densification statistics.
        visible: (k, n) bool; what lies beyond a moment's own number of splats has no meaning.
    """

    images: Tensor
    centres: Tensor
    visible: Tensor


# The splats of each moment as seen by its camera of that index.
Rasterize = Callable[[Sequence[Parameters], Sequence[int]], Drawing]


def build(spec: CudaFit) -> Fit:
    """The fit as a splat stage, on CUDA with gsplat or on the CPU with the C++ rasterizer.

    Raises:
        InputError: gsplat is asked for and there is no CUDA device, or gsplat cannot be used on it; when called, also
            for a fit that diverged or does not fit into the GPU's memory.
    """
    if spec.rasterizer == "gsplat":
        _require_gsplat()
        device, rasterizer = torch.device("cuda"), gsplat_rasterize
    else:
        torch.set_num_threads(1)  # as the rule says, so that sums are rounded alike everywhere
        device, rasterizer = torch.device("cpu"), cpp_rasterize
    recipe = preset(
        spec.preset,
        maximum=spec.maximum,
        splats=spec.splats,
        iterations=spec.iterations,
        opacity_weight=spec.opacity_weight,
    )

    def fit(
        moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]:
        try:
            return train(moments, recipe, rngs, rasterizer(moments, recipe), device, progress)
        except torch.OutOfMemoryError:
            fewer = f"execution.frames_per_batch (frames fitted together now: {len(moments)})"
            less = "splat.splats or views.size, or use splat.backend cpu"
            raise InputError(f"splat: out of GPU memory; lower {fewer if len(moments) > 1 else less}") from None

    return fit


def _require_gsplat() -> None:
    if not torch.cuda.is_available():
        raise InputError("splat.backend: gsplat needs a CUDA device and this machine has none; use backend cpu")
    try:
        from gsplat.cuda._backend import _C  # compiled on first use
    except ModuleNotFoundError:
        raise InputError("splat.backend: gsplat is not installed; pip install 'vid3d[gpu]'") from None
    if _C is None:
        raise InputError("splat.backend: gsplat finds no CUDA compiler; put nvcc on PATH or set CUDA_HOME")


# --- rasterizers -----------------------------------------------------------------------------------------------------


def gsplat_rasterize(moments: Sequence[Views], recipe: Recipe) -> Rasterize:
    """gsplat's rasterizer on the moments' cameras, one call for all moments."""
    from gsplat import rasterization

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cameras = [views.cameras for views in moments]
    matrices = torch.from_numpy(np.stack([c.world_to_camera for c in cameras])).float().to(device)
    intrinsics = torch.from_numpy(np.stack([c.intrinsics for c in cameras])).float().to(device)[:, None]
    background = torch.tensor(recipe.rasterisation.background, device=device).expand(len(moments), 1, 3)

    def rasterize(parameters: Sequence[Parameters], views: Sequence[int]) -> Drawing:
        def together(name: str, padding: float = 0.0) -> Tensor:
            return pad_sequence([of[name] for of in parameters], batch_first=True, padding_value=padding)

        images, _, details = rasterization(
            means=together("positions"),
            quats=together("quaternions", 1.0),
            scales=together("log_scales").exp(),
            # where one moment has fewer splats than another: opacity 0, which gsplat leaves out before it rasterizes
            opacities=together("opacity_logits", -torch.inf).sigmoid(),
            colors=(0.5 + SH_C0 * together("colours")).clamp_min(0.0),
            viewmats=matrices[range(len(views)), list(views)][:, None],
            Ks=intrinsics,
            width=cameras[0].width,
            height=cameras[0].height,
            near_plane=recipe.rasterisation.near,
            eps2d=recipe.rasterisation.eps2d,
            packed=False,
            backgrounds=background,
        )
        # not a slice of the centres: the statistics need the gradient of the very tensor in the graph
        return Drawing(images[:, 0], details["means2d"], (details["radii"][:, 0] > 0).all(dim=-1))

    return rasterize


def cpp_rasterize(moments: Sequence[Views], recipe: Recipe) -> Rasterize:
    """The C++ rasterizer on the moments' cameras, one moment after another."""

    def rasterize(parameters: Sequence[Parameters], views: Sequence[int]) -> Drawing:
        most = max(len(of["positions"]) for of in parameters)
        centres = torch.zeros((len(parameters), most, 2), requires_grad=True)  # stand-ins: only their gradient is used
        visible = torch.zeros((len(parameters), most), dtype=torch.bool)
        images = []
        for index, (of, view) in enumerate(zip(parameters, views, strict=True)):
            values = [of[name] for name in FIELDS]
            own = centres[index, : len(values[0])]
            image, seen = _CppRasterization.apply(moments[index].cameras.select([view]), recipe, own, *values)
            visible[index, : len(seen)] = seen
            images.append(image)
        return Drawing(torch.stack(images), centres, visible)

    return rasterize


class _CppRasterization(torch.autograd.Function):
    """(camera, recipe, centres, fields of Splats) to the image (h, w, 3) and the visible splats (n,)."""

    @staticmethod
    def forward(context: Any, camera: Cameras, recipe: Recipe, centres: Tensor, *values: Tensor) -> Any:
        splats = Splats(*(value.detach().numpy() for value in values))
        context.drawn = Drawn(splats, camera, recipe.rasterisation)
        image, visible = torch.from_numpy(context.drawn.image), torch.from_numpy(context.drawn.visible)
        context.mark_non_differentiable(visible)
        return image, visible

    @staticmethod
    def backward(context: Any, image_gradient: Tensor, _: None) -> Any:
        gradients, centres = context.drawn.backward(image_gradient.contiguous().numpy())
        return None, None, torch.from_numpy(centres), *(torch.from_numpy(getattr(gradients, name)) for name in FIELDS)


# --- the loop --------------------------------------------------------------------------------------------------------


def train(
    moments: Sequence[Views],
    recipe: Recipe,
    rngs: Sequence[np.random.Generator],
    rasterize: Rasterize,
    device: torch.device,
    progress: Progress | None = None,
    initial: Sequence[Splats] | None = None,
) -> list[tuple[Splats, FitReport]]:
    """The fit of each moment with any differentiable rasterizer, from the recipe's initial splats or from those given.

    Draws from each moment's generator the initial positions, the order of the views and the positions of split splats,
    as the CPU fit.

    Raises:
        InputError: no views, or a fit that diverged or lost all its splats.
        ValueError: the moments' images differ in size.
    """
    if any(len(views.cameras) == 0 for views in moments):
        raise InputError("views: a fit needs at least one view")
    if len({views.images.shape for views in moments}) > 1:
        raise ValueError("moments that are fitted together must have equally many views of one size")
    starts: Sequence[Splats | None] = [None] * len(moments) if initial is None else initial
    given = zip(moments, rngs, starts, strict=True)
    fits = [_Moment.new(views, recipe, rng, device, start) for views, rng, start in given]
    position_rates, planned = recipe.position_rates(), schedule(recipe)
    for index in range(recipe.iterations):
        event = planned.events.get(index + 1, Event())
        losses = _accumulate(fits, recipe, rasterize, index)
        rates = _rates(recipe, float(position_rates[index]))
        for fit, loss in zip(fits, losses, strict=True):
            fit.advance(recipe, event, rates)
            fit.losses[index], fit.counts[index] = loss, fit.state.count
            if not np.isfinite(loss) or fit.state.count == 0:
                what = f"fit diverged or lost all splats at iteration {index + 1}"
                raise InputError(f"{what}: use more splats or iterations")
        if progress is not None and ((index + 1) % REPORT_EVERY == 0 or index + 1 == recipe.iterations):
            progress(index + 1, recipe.iterations, float(losses.mean()))
    return [
        (fit.state.splats(), FitReport(fit.losses, fit.counts, (*planned.notes, *fit.notes(recipe, device))))
        for fit in fits
    ]


@dataclass
class _Moment:
    """One moment's fit under way."""

    state: "_State"
    targets: Tensor  # (views, h, w, 3)
    order: list[int]  # of the views, by iteration
    rng: np.random.Generator
    losses: Float32
    counts: NDArray[np.int32]
    withheld: int = 0  # clones and splits for which there was no room

    @classmethod
    def new(
        cls, views: Views, recipe: Recipe, rng: np.random.Generator, device: torch.device, initial: Splats | None
    ) -> "_Moment":
        state = _State.new(initial_splats(load("auto"), recipe, rng) if initial is None else initial, device)
        order = view_order(len(views.cameras), recipe.iterations, rng).tolist()
        losses, counts = np.zeros(recipe.iterations, np.float32), np.zeros(recipe.iterations, np.int32)
        return cls(state, torch.from_numpy(views.images).to(device), order, rng, losses, counts)

    def advance(self, recipe: Recipe, event: Event, rates: dict[str, float]) -> None:
        """What follows the gradients of one iteration, in the released code's order: densify, reset, step."""
        if recipe.density is not None and event.densify:
            self.state, withheld = _densified(self.state, recipe, recipe.density, event.limit_scale, self.rng)
            self.withheld += withheld
        if recipe.density is not None and event.reset_opacity:
            self.state.reset_opacities(recipe.density.reset_opacity)
            rates = {name: rate for name, rate in rates.items() if name != "opacity_logits"}
        if not event.densify and not event.skip_update:
            self.state.step(rates)

    def notes(self, recipe: Recipe, device: torch.device) -> list[str]:
        """Sentences for the fit's report."""
        notes = [f"device {device}, {self.state.count} splats at the end"]
        if self.withheld and recipe.density is not None:
            notes.insert(
                0, f"{self.withheld} clones and splits withheld by the maximum of {recipe.density.maximum} splats"
            )
        return notes


def _rates(recipe: Recipe, position: float) -> dict[str, float]:
    return {
        "positions": position,
        "quaternions": recipe.quaternion_rate,
        "log_scales": recipe.scale_rate,
        "opacity_logits": recipe.opacity_rate,
        "colours": recipe.colour_rate,
    }


def _accumulate(fits: Sequence[_Moment], recipe: Recipe, rasterize: Rasterize, index: int) -> Float32:
    """(k,) losses, and gradients, of iteration ``index``; the statistics count gradients in normalised coordinates."""
    views = [fit.order[index] for fit in fits]
    parameters = [fit.state.parameters for fit in fits]
    for of in parameters:
        for parameter in of.values():
            parameter.grad = None
    drawing = rasterize(parameters, views)
    drawing.centres.retain_grad()
    targets = torch.stack([fit.targets[view] for fit, view in zip(fits, views, strict=True)])
    opacities = torch.stack([of["opacity_logits"].sigmoid().mean() for of in parameters])
    losses = recipe.ssim_weight * (1.0 - ssim(drawing.images, targets)) + recipe.opacity_weight * opacities
    if recipe.l1_weight:
        losses = losses + recipe.l1_weight * (drawing.images - targets).abs().mean(dim=(1, 2, 3))
    losses.sum().backward()  # type: ignore[no-untyped-call]
    if drawing.centres.grad is not None:
        height, width = targets.shape[1:3]
        half = torch.tensor([width / 2, height / 2], device=targets.device)
        lengths = (drawing.centres.grad.reshape(len(fits), -1, 2) * half).norm(dim=-1)
        for fit, length, seen in zip(fits, lengths, drawing.visible, strict=True):
            fit.state.count_gradients(length[: fit.state.count], seen[: fit.state.count])
    values: Float32 = losses.detach().cpu().numpy()
    return values


def ssim(images: Tensor, targets: Tensor) -> Tensor:
    """(k,) mean structural similarity of (k, h, w, 3) images: 11 x 11 Gaussian window of sigma 1.5, zero padding."""
    offsets = torch.arange(11, device=images.device, dtype=images.dtype) - 5
    line = torch.exp(-(offsets**2) / (2 * 1.5**2))
    window = torch.outer(line / line.sum(), line / line.sum()).expand(3, 1, 11, 11)

    def blurred(values: Tensor) -> Tensor:
        return functional.conv2d(values.permute(0, 3, 1, 2), window, padding=5, groups=3)

    mean_x, mean_y = blurred(images), blurred(targets)
    variance_x, variance_y = blurred(images * images) - mean_x**2, blurred(targets * targets) - mean_y**2
    covariance = blurred(images * targets) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    scores = numerator / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))
    return scores.mean(dim=(1, 2, 3))


@dataclass
class _State:
    """Parameters with Adam's moments (by parameter) and the densification statistics (by splat)."""

    parameters: Parameters
    first: Parameters
    second: Parameters
    steps: dict[str, int]
    gradient_sum: Tensor
    seen: Tensor

    @classmethod
    def new(cls, splats: Splats, device: torch.device) -> "_State":
        values = {f.name: torch.from_numpy(getattr(splats, f.name)).to(device) for f in fields(Splats)}
        zeros = {name: torch.zeros_like(value) for name, value in values.items()}
        return cls._of(values, zeros, {n: z.clone() for n, z in zeros.items()}, dict.fromkeys(values, 0))

    @classmethod
    def _of(cls, values: Parameters, first: Parameters, second: Parameters, steps: dict[str, int]) -> "_State":
        parameters = {name: value.clone().requires_grad_() for name, value in values.items()}
        unseen = torch.zeros_like(values["opacity_logits"])
        return cls(parameters, first, second, steps, unseen, unseen.clone())

    @property
    def count(self) -> int:
        return len(self.parameters["positions"])

    def count_gradients(self, lengths: Tensor, seen: Tensor) -> None:
        """Adds to the statistics: (n,) image-plane gradients' lengths of the splats ``seen`` (n,) bool."""
        self.gradient_sum += torch.where(seen, lengths, 0.0)
        self.seen += seen

    def step(self, rates: dict[str, float]) -> None:
        """Adam (Kingma and Ba 2015, betas .9 and .999, epsilon 1e-15) on the parameters that have a rate."""
        with torch.no_grad():
            for name, rate in rates.items():
                parameter, gradient = self.parameters[name], self.parameters[name].grad
                if gradient is None:
                    continue
                self.steps[name] += 1
                self.first[name].lerp_(gradient, 0.1)
                self.second[name].mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                length = (self.second[name] / (1 - 0.999 ** self.steps[name])).sqrt_().add_(1e-15)
                parameter.addcdiv_(self.first[name], length, value=-rate / (1 - 0.9 ** self.steps[name]))

    def reset_opacities(self, ceiling: float) -> None:
        """Opacities are lowered to ``ceiling``; their moments restart."""
        with torch.no_grad():
            self.parameters["opacity_logits"].clamp_max_(float(np.log(ceiling / (1 - ceiling))))
            self.first["opacity_logits"].zero_()
            self.second["opacity_logits"].zero_()

    def gathered(self, parents: Tensor, newcomers: Tensor) -> "_State":
        """Copies of the ``parents``; Adam's moments of ``newcomers`` (bool) start at zero, as do the statistics."""

        def moments(of: Parameters) -> Parameters:
            kept = {name: value[parents] for name, value in of.items()}
            for value in kept.values():
                value[newcomers] = 0.0
            return kept

        values = {name: value.detach()[parents] for name, value in self.parameters.items()}
        return self._of(values, moments(self.first), moments(self.second), self.steps)

    def splats(self) -> Splats:
        return Splats(**{name: value.detach().cpu().numpy() for name, value in self.parameters.items()})


def _densified(
    state: _State, recipe: Recipe, density: DensityControl, limit_scale: bool, rng: np.random.Generator
) -> tuple[_State, int]:
    """Clone, split and remove (Kerbl et al. 2023, section 5.2), ordered as in the C++ core: rest, clones, children.

    Every candidate adds one splat; without room for all, those with the largest gradients go first.  Also returns how
    many there was no room for.
    """
    with torch.no_grad():
        mean = state.gradient_sum / state.seen.clamp_min(1.0)
        small = state.parameters["log_scales"].exp().amax(dim=1) <= density.clone_below * recipe.extent
        wanted, withheld = mean >= density.gradient_threshold, 0
        if density.maximum is not None:
            candidates, room = mean[wanted].sort(descending=True).values, max(0, density.maximum - state.count)
            if len(candidates) > room:
                wanted, withheld = mean > candidates[room], len(candidates) - room
        cloned, split = (wanted & small).nonzero()[:, 0], (wanted & ~small).nonzero()[:, 0]
        rest, children = (~(wanted & ~small)).nonzero()[:, 0], split.repeat(CHILDREN)
        parents = torch.cat([rest, cloned, children])
        newcomers = torch.arange(len(parents), device=parents.device) >= len(rest)
        grown = state.gathered(parents, newcomers)
        normals = torch.from_numpy(rng.standard_normal((len(children), 3), np.float32)).to(mean.device)
        if len(children):
            born, log_scales = slice(len(parents) - len(children), None), grown.parameters["log_scales"]
            rotations = _rotations(grown.parameters["quaternions"][born])
            offsets = (rotations @ (log_scales[born].exp() * normals)[..., None])[..., 0]
            grown.parameters["positions"][born] += offsets
            log_scales[born] -= float(np.log(CHILD_SHRINK))
        keep = grown.parameters["opacity_logits"].sigmoid() >= density.minimum_opacity
        if limit_scale:
            keep &= grown.parameters["log_scales"].exp().amax(dim=1) <= density.maximum_scale * recipe.extent
        kept = keep.nonzero()[:, 0]
        return grown.gathered(kept, torch.zeros_like(kept, dtype=torch.bool)), withheld


def _rotations(quaternions: Tensor) -> Tensor:
    """(n, 3, 3) from (n, 4) wxyz of any length."""
    w, x, y, z = functional.normalize(quaternions, dim=-1).unbind(-1)
    rows = [
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
