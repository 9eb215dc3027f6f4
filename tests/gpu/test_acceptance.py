"""The twelve checks of a GPU, in the order in which an early failure saves most time; `make test-gpu` runs them.

On a CPU, with the C++ rasterizer in gsplat's place and small scenes, the same functions run in the ordinary suite.
"""

import pytest

from tests.gpu import drawing, fits, machine, models


def on_a_gpu_only(place, why):
    if not place.cuda:
        pytest.skip(f"on a GPU only: {why}")


def test_1_the_kernels_are_compiled(place, record):
    on_a_gpu_only(place, "compiles CUDA kernels (tests/unit/splatting/test_gsplats_kernels.py runs what surrounds it)")
    with record.check("1 compile") as check:
        machine.compiled(check)


def test_11_a_job_takes_a_gpu_for_itself(place, record):
    on_a_gpu_only(place, "locks a device (tests/unit/machine/test_gpus.py pretends some)")
    with record.check("11 devices") as check:
        machine.held(check)


def test_4_the_loss_is_worked_out_in_true_single_precision(place, record, given):
    with record.check("4 loss") as check:
        drawing.loss(place, given, check)


def test_2_images_are_the_cpp_rasterizers(drawing_place, record, given):
    with record.check("2 forward") as check:
        drawing.forward(drawing_place, given, check)


def test_3_gradients_are_the_cpp_rasterizers(drawing_place, record):
    with record.check("3 backward") as check:
        drawing.backward(drawing_place, check)


def test_5_the_loop_is_the_fused_fit(drawing_place, record):
    with record.check("5 loop") as check:
        fits.beside_the_fused_fit(drawing_place, check)


def test_7_a_fit_of_the_papers_size(drawing_place, record, given):
    with record.check("7 paper's size") as check:
        fits.of_the_papers_size(drawing_place, given, check)


def test_10_models_of_the_published_size(place, record):
    with record.check("10 full-size models") as check:
        models.of_full_size(place, check)


def test_8_a_seed_is_the_cpus(place, record, tmp_path):
    with record.check("8 seed") as check:
        models.seed(place, tmp_path, check)


def test_9_views_are_the_released_codes(place, record, tmp_path):
    with record.check("9 views") as check:
        models.views(place, tmp_path, check)


def test_6_moments_of_a_batch_are_as_alone(drawing_place, record):
    with record.check("6 batch") as check:
        fits.in_batches(drawing_place, check)


def test_12_too_little_memory_is_said_in_one_line(place, record, tmp_path):
    on_a_gpu_only(place, "fills a GPU's memory (tests/unit/backends/test_views_v3d.py pretends it)")
    with record.check("12 out of memory") as check:
        models.out_of_memory(tmp_path, check)
