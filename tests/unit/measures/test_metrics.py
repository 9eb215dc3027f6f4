import numpy as np
import pandas as pd
import pytest

from vid3d.measures import metrics, protocol_tables, protocols, ranks


def test_cosines_of_known_angles() -> None:
    embeddings = np.array([[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0], [3.0, 3.0]], np.float32)
    similarity = metrics.cosines(embeddings, np.array([10.0, 0.0], np.float32))
    np.testing.assert_allclose(similarity, [1.0, 0.0, -1.0, np.sqrt(0.5)], atol=1e-12)


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_cosines_refuse_embeddings_without_direction(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="zero or not finite"):
        metrics.cosines(np.array([[1.0, 1.0], bad], np.float32), np.array([1.0, 0.0], np.float32))


def test_source_reference_is_the_plain_mean() -> None:
    assert metrics.overall_mean(np.array([[0.2, 0.4], [0.6, 0.8]])) == pytest.approx(0.5)


def test_self_reference_counts_the_reference_once_more_per_camera() -> None:
    similarity = np.random.default_rng(0).uniform(0.5, 1.0, (25, 10))
    similarity[0, 0] = 1.0
    mean = similarity.mean()
    assert metrics.self_reference(similarity) == pytest.approx((1 + 25 * mean) / 26)
    first = np.append(similarity[:, 3], 1.0).mean()
    assert metrics.self_reference_per_camera(similarity)[3] == pytest.approx(first)


def test_self_reference_of_a_scene_that_never_changes_is_one() -> None:
    embedding = np.random.default_rng(1).normal(size=7).astype(np.float32)
    similarity = metrics.cosines(np.broadcast_to(embedding, (5, 10, 7)), embedding)
    assert metrics.self_reference(similarity) == pytest.approx(1.0, abs=1e-12)


def test_the_reference_is_counted_twice_once_or_not_at_all() -> None:
    similarity = np.array([[1.0, 0.5], [0.8, 0.7], [0.6, 0.4]])  # three frames, two cameras
    mean = similarity.mean()
    assert metrics.self_reference(similarity) == pytest.approx((1 + 3 * mean) / 4)
    assert metrics.overall_mean(similarity) == pytest.approx(mean)
    assert metrics.self_reference_left_out(similarity) == pytest.approx((0.5 + 0.8 + 0.7 + 0.6 + 0.4) / 5)
    with pytest.raises(ValueError, match="single render"):
        metrics.self_reference_left_out(np.ones((1, 1)))


@pytest.mark.parametrize("shape", [(4,), (0, 10), (2, 3, 4)])
@pytest.mark.parametrize("protocol", protocols.MATRIX, ids=lambda protocol: protocol.name)
def test_protocols_refuse_other_shapes(protocol: protocols.Protocol, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="frames, cameras"):
        protocol.mean(np.ones(shape))


def test_the_matrix_from_embeddings() -> None:
    """Each protocol by its definition, from angles between embeddings."""
    rng = np.random.default_rng(4)
    renders, source, foreground = (rng.normal(size=shape).astype(np.float32) for shape in [(3, 2, 8), (8,), (8,)])

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a.astype(float) @ b / np.linalg.norm(a) / np.linalg.norm(b))

    flat = list(renders.reshape(6, 8))
    first = flat[0]
    own = [cosine(render, first) for render in flat]
    expected = {
        "source_reference": np.mean([cosine(render, source) for render in flat]),
        "foreground_reference": np.mean([cosine(render, foreground) for render in flat]),
        "self_reference": np.mean([1.0, *own[0::2], 1.0, *own[1::2]]),
        "self_reference_once": np.mean(own),
        "self_reference_left_out": np.mean(own[1:]),
    }
    scores = protocols.evaluate(protocols.compare(renders, source, foreground))
    assert tuple(scores) == protocols.NAMES == tuple(expected)
    assert scores == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("source", "first", "missing"), [(False, True, "source foreground"), (True, False, "self")])
def test_without_a_reference_there_is_no_score(source: bool, first: bool, missing: str) -> None:
    renders = np.random.default_rng(5).normal(size=(2, 3, 4)).astype(np.float32)
    reference = renders[1, 1] if source else None
    scores = protocols.evaluate(protocols.compare(renders, reference, reference, first))
    for name, score in scores.items():
        assert np.isnan(score) == (name.split("_")[0] in missing), name


def test_ranks_are_shared_by_equal_scores_and_kept_apart_by_embedder() -> None:
    scores = {"source_reference": [0.5, 0.7, 0.7, 0.1], "self_reference": [0.9, 0.8, 0.7, 0.2]}
    measured = pd.DataFrame({"run": list("abcd"), "embedder": ["x", "x", "x", "y"]} | scores)
    measured = measured.reindex(columns=["run", "embedder", *protocols.NAMES])  # the other protocols have no score
    table = protocol_tables.comparison(measured, ["embedder"])
    assert set(table["protocol"]) == {"source_reference", "self_reference"}
    ranks = {key: list(group["rank"]) for key, group in table.groupby("protocol")}
    assert ranks == {"source_reference": [3, 1, 1, pd.NA], "self_reference": [1, 2, 3, pd.NA]}
    assert list(table["of"]) == [3, 3, 3, 1] * 2


def test_psnr_of_a_known_error() -> None:
    truth = np.full((2, 8, 8, 3), 0.5, np.float32)
    images = truth.copy()
    images[1] += 0.1
    np.testing.assert_allclose(metrics.psnr(images, truth), [np.inf, 20.0], atol=1e-5)


def _ssim_by_definition(a: np.ndarray, b: np.ndarray) -> float:
    """One channel, one window at a time."""
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for row in range(5, a.shape[0] - 5):
        for column in range(5, a.shape[1] - 5):
            x, y = (image[row - 5 : row + 6, column - 5 : column + 6] for image in (a, b))
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            cov = (weights * (x - mx) * (y - my)).sum()
            values.append((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    return float(np.mean(values))


def test_ssim_equals_its_definition() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(size=(2, 17, 14, 3)).astype(np.float32)
    images = np.clip(truth + rng.normal(scale=0.2, size=truth.shape), 0, 1).astype(np.float32)
    by_definition = [
        np.mean(
            [_ssim_by_definition(images[n, ..., c].astype(float), truth[n, ..., c].astype(float)) for c in range(3)]
        )
        for n in range(2)
    ]
    np.testing.assert_allclose(metrics.ssim(images, truth), by_definition, atol=1e-10)


def test_ssim_of_equal_images_is_one() -> None:
    images = np.random.default_rng(3).uniform(size=(1, 16, 16, 3)).astype(np.float32)
    assert metrics.ssim(images, images)[0] == pytest.approx(1.0)


def test_ssim_and_psnr_refuse_images_that_do_not_pair() -> None:
    images = np.zeros((1, 16, 16, 3), np.float32)
    for score in (metrics.ssim, metrics.psnr):
        with pytest.raises(ValueError, match="must both be"):
            score(images, images[:, :12])
    with pytest.raises(ValueError, match="smaller than the window"):
        metrics.ssim(images[:, :10], images[:, :10])


def test_rank_correlation() -> None:
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert ranks.rank_correlation(a, np.exp(a)) == pytest.approx(1.0)
    assert ranks.rank_correlation(a, -a) == pytest.approx(-1.0)
    assert ranks.rank_correlation(a, np.array([1.0, 2.0, 4.0, 3.0])) == pytest.approx(0.8)  # 1 - 6 sum d^2 / (n^3-n)
    assert ranks.rank_correlation(a, np.array([1.0, 1.0, 2.0, 2.0])) == pytest.approx(2 / np.sqrt(5))
    with pytest.raises(ValueError, match="constant"):
        ranks.rank_correlation(a, np.ones(4))
