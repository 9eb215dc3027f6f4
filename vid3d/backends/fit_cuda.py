"""Gaussians fitted on a GPU: the recipe of ``vid3d.splatting`` around gsplat's CUDA rasterizer.

The loop is ours, since gsplat's own strategy never resets opacities (gsplat 1.5.3) and steps where the released code
does not.  It draws its random numbers as the CPU fit does, so that both start alike and see the views in one order.
gsplat caps a splat's alpha at .999 (released code: .99), which cannot be changed.

Proven so far on a CPU with the C++ rasterizer in gsplat's place; gsplat itself and the GPU have not been run yet.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vid3d.errors import InputError
from vid3d.scene import FitReport, Splats, Views
from vid3d.specs import CudaFit
from vid3d.splatting.fit import view_order
from vid3d.splatting.initialisation import initial_splats
from vid3d.splatting.instruction_sets import load
from vid3d.splatting.recipe import SH_C0, DensityControl, Event, Recipe, preset, schedule
from vid3d.stages import Fit, Progress

REPORT_EVERY = 50  # iterations
CHILDREN = 2  # of a split splat
CHILD_SHRINK = 0.8 * CHILDREN

Parameters = dict[str, Tensor]  # the fields of Splats by name


@dataclass(frozen=True)
class Drawing:
    """One rasterized view.

    Attributes:
        image: (h, w, 3) in the graph of the parameters.
        centres: (n, 2) image-plane centres in pixels, in the graph, for the densification statistics.
        visible: (n,) bool.
    """

    image: Tensor
    centres: Tensor
    visible: Tensor


Rasterize = Callable[[Parameters, int], Drawing]  # the splats as seen by the camera of that index


def build(spec: CudaFit) -> Fit:
    """The fit as a splat stage.

    Raises:
        InputError: there is no CUDA device.
    """
    if not torch.cuda.is_available():
        raise InputError("splat.backend: gsplat needs a CUDA device and this machine has none; use backend cpu")
    recipe = preset(spec.preset, splats=spec.splats, iterations=spec.iterations, opacity_weight=spec.opacity_weight)

    def fit(views: Views, rng: np.random.Generator, progress: Progress | None = None) -> tuple[Splats, FitReport]:
        return train(views, recipe, rng, gsplat_rasterize(views, recipe), torch.device("cuda"), progress)

    return fit


def gsplat_rasterize(views: Views, recipe: Recipe) -> Rasterize:
    """gsplat's rasterizer on the views' cameras."""
    from gsplat import rasterization  # on first use it compiles its CUDA extension

    cameras, device = views.cameras, torch.device("cuda")
    matrices = torch.from_numpy(cameras.world_to_camera).float().to(device)
    intrinsics = torch.from_numpy(cameras.intrinsics).float().to(device)
    background = torch.tensor([recipe.background], device=device)

    def rasterize(parameters: Parameters, view: int) -> Drawing:
        images, _, details = rasterization(
            means=parameters["positions"],
            quats=parameters["quaternions"],
            scales=parameters["log_scales"].exp(),
            opacities=parameters["opacity_logits"].sigmoid(),
            colors=(0.5 + SH_C0 * parameters["colours"]).clamp_min(0.0),
            viewmats=matrices[view : view + 1],
            Ks=intrinsics[None],
            width=cameras.width,
            height=cameras.height,
            near_plane=recipe.near,
            eps2d=recipe.eps2d,
            packed=False,
            backgrounds=background,
        )
        # not a slice of the centres: the statistics need the gradient of the very tensor in the graph
        return Drawing(images[0], details["means2d"], (details["radii"][0] > 0).all(dim=-1))

    return rasterize


def train(
    views: Views,
    recipe: Recipe,
    rng: np.random.Generator,
    rasterize: Rasterize,
    device: torch.device,
    progress: Progress | None = None,
    initial: Splats | None = None,
) -> tuple[Splats, FitReport]:
    """The fit with any differentiable rasterizer, from the recipe's initial splats or from those given.

    Draws from ``rng`` the initial positions, the order of the views and the positions of split splats, as the CPU fit.

    Raises:
        InputError: no views, or a fit that diverged or lost all its splats.
    """
    if len(views.cameras) == 0:
        raise InputError("views: a fit needs at least one view")
    start = initial_splats(load("auto"), recipe, rng) if initial is None else initial
    state = _State.new(start, device)
    order = view_order(len(views.cameras), recipe.iterations, rng)
    targets = torch.from_numpy(views.images).to(device)
    position_rates, planned = recipe.position_rates(), schedule(recipe)
    losses, counts = np.zeros(recipe.iterations, np.float32), np.zeros(recipe.iterations, np.int32)
    for index, view in enumerate(order.tolist()):
        event = planned.events.get(index + 1, Event())
        loss = _accumulate(state, recipe, rasterize(state.parameters, view), targets[view])
        rates = _rates(recipe, float(position_rates[index]))
        if recipe.density is not None and event.densify:
            state = _densified(state, recipe, recipe.density, event.limit_scale, rng)
        if recipe.density is not None and event.reset_opacity:
            state.reset_opacities(recipe.density.reset_opacity)
            del rates["opacity_logits"]
        if not event.densify and not event.skip_update:
            state.step(rates)
        losses[index], counts[index] = loss, state.count
        if not np.isfinite(loss) or state.count == 0:
            raise InputError(f"fit diverged or lost all splats at iteration {index + 1}: use more splats or iterations")
        if progress is not None and ((index + 1) % REPORT_EVERY == 0 or index + 1 == recipe.iterations):
            progress(index + 1, recipe.iterations, loss)
    notes = (*planned.notes, f"device {device}, {state.count} splats at the end")
    return state.splats(), FitReport(losses, counts, notes)


def _rates(recipe: Recipe, position: float) -> dict[str, float]:
    return {
        "positions": position,
        "quaternions": recipe.quaternion_rate,
        "log_scales": recipe.scale_rate,
        "opacity_logits": recipe.opacity_rate,
        "colours": recipe.colour_rate,
    }


def _accumulate(state: "_State", recipe: Recipe, drawing: Drawing, target: Tensor) -> float:
    """Loss and gradients of one view; the statistics count gradients in normalised device coordinates."""
    drawing.centres.retain_grad()
    for parameter in state.parameters.values():
        parameter.grad = None
    opacity = state.parameters["opacity_logits"].sigmoid().mean()
    loss = recipe.ssim_weight * (1.0 - ssim(drawing.image, target)) + recipe.opacity_weight * opacity
    if recipe.l1_weight:
        loss = loss + recipe.l1_weight * (drawing.image - target).abs().mean()
    loss.backward()  # type: ignore[no-untyped-call]
    if drawing.centres.grad is not None:
        height, width = target.shape[:2]
        half = torch.tensor([width / 2, height / 2], device=target.device)
        lengths = (drawing.centres.grad.reshape(-1, 2) * half).norm(dim=-1)
        state.gradient_sum += torch.where(drawing.visible, lengths, 0.0)
        state.seen += drawing.visible
    return float(loss.detach())


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of two (h, w, 3) images: 11 x 11 Gaussian window of sigma 1.5, zero padding."""
    offsets = torch.arange(11, device=image.device, dtype=image.dtype) - 5
    line = torch.exp(-(offsets**2) / (2 * 1.5**2))
    window = torch.outer(line / line.sum(), line / line.sum()).expand(3, 1, 11, 11)

    def blurred(values: Tensor) -> Tensor:
        return functional.conv2d(values.permute(2, 0, 1)[None], window, padding=5, groups=3)

    mean_x, mean_y = blurred(image), blurred(target)
    variance_x, variance_y = blurred(image * image) - mean_x**2, blurred(target * target) - mean_y**2
    covariance = blurred(image * target) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return (numerator / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))).mean()


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
) -> _State:
    """Clone, split and remove (Kerbl et al. 2023, section 5.2), ordered as in the C++ core: rest, clones, children."""
    with torch.no_grad():
        mean = state.gradient_sum / state.seen.clamp_min(1.0)
        small = state.parameters["log_scales"].exp().amax(dim=1) <= density.clone_below * recipe.extent
        wanted = mean >= density.gradient_threshold
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
        return grown.gathered(kept, torch.zeros_like(kept, dtype=torch.bool))


def _rotations(quaternions: Tensor) -> Tensor:
    """(n, 3, 3) from (n, 4) wxyz of any length."""
    w, x, y, z = functional.normalize(quaternions, dim=-1).unbind(-1)
    rows = [
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
