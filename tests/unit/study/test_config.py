"""The study as data: what is refused, what is shared, and what makes a job run again."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from vid3d.errors import InputError
from vid3d.study import parsing, reading
from vid3d.study.benchmark import image_name, load_benchmark
from vid3d.study.parsing import parse_study
from vid3d.study.reading import merge
from vid3d.study.registry import STAGES, parse_spec
from vid3d.study.specs.fit import CpuFit
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.specs.seed import SvdSeed

ROOT = Path(__file__).parents[3]
RUN = {
    "title": "Truth",
    "benchmark": "procedural",
    "frames": 4,
    "motion_scores": [120, 160],
    "view_counts": [18, 9, 3],
    "reference": {"size": 64},
    "seed": {"backend": "procedural"},
    "views": {"backend": "procedural"},
    "splat": {"backend": "cpu", "splats": 500, "iterations": 100},
    "render": {"backend": "cpu", "size": 64},
    "score": {"backend": "clip", "model": "m.json", "weights": "w.safetensors"},
}
STUDY = {
    "report": "quick",
    "runs": {"truth": RUN},
    "reports": {"quick": {"title": "Quick", "runs": ["truth"]}},
}


@pytest.fixture
def root(tmp_path):
    """A folder with the manifests of two small benchmarks."""
    objects = {"windmill": {"family": "windmill"}, "frog": {"family": "frog"}}
    photographs = {"images": {"panda-dance": {"file": "panda-dance.jpg", "caption": "a panda", "sha256": "0" * 64}}}
    for path, entries in {"procedural/objects.yaml": objects, "animate124/manifest.yaml": photographs}.items():
        file = tmp_path / "benchmark" / path
        file.parent.mkdir(parents=True)
        file.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    return tmp_path


def raw(overlay=None):
    """The study above with an overlay merged in as Snakemake merges configuration files."""
    return merge(copy.deepcopy(STUDY), overlay or {})


def with_runs(**runs):
    return raw({"runs": runs})


def refused(settings, root) -> str:
    """The one line that a wrong study is refused with."""
    with pytest.raises(InputError) as error:
        parse_study(settings, root)
    message = str(error.value)
    assert "\n" not in message
    return message


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_run_gets_all_images_of_its_benchmark(root):
    run = parse_study(raw(), root).runs["truth"]
    assert run.images == ("windmill", "frog")
    assert run.used_frames == 4
    assert run.conditions == [(120, 18), (160, 18), (120, 9), (120, 3)]


def test_frames_default_to_those_of_the_seed(root):
    study = parse_study(raw({"runs": {"truth": {"frames": None}}}), root)
    assert study.runs["truth"].used_frames == 12


def test_the_command_line_restricts_every_run(root):
    study = parse_study(raw({"images": "frog", "frames": 2, "embedder": "ViT-B-32/openai"}), root)
    run = study.runs["truth"]
    assert (run.images, run.used_frames) == (("frog",), 2)
    assert run.score.published


@pytest.mark.parametrize("name", ["ViT-B-32-quickgelu/openai", "ViT-B-32/OpenAI", "ViT-B-32/openai"])
def test_one_embedder_has_one_name(root, name):
    named = parse_study(raw({"embedder": name}), root).runs["truth"].score
    assert named.published
    assert named.argument() == ClipEmbed(backend="clip").argument()
    other = parse_study(raw({"embedder": "ViT-B-16-quickgelu/metaclip-400m"}), root).runs["truth"].score
    assert (other.model, other.weights, other.published) == ("ViT-B-16", "metaclip_400m", False)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"quick_gelu": True}, "score: quick_gelu: the tag 'openai' says it"),
        ({"model": "ViT-B-32-quickgelu", "weights": "a.pt", "quick_gelu": False}, "contradicts model"),
        ({"model": "a/config.json", "weights": "a.pt", "quick_gelu": True}, "a/config.json says it itself"),
        ({"weights": "a.pt", "file": "b.pt"}, "file: is where ViT-B-32/openai lies"),
    ],
)
def test_an_activation_is_said_once(root, settings, what):
    assert what in refused(
        raw({"runs": {"truth": {"score": {"model": "ViT-B-32", "weights": "openai"} | settings}}}), root
    )


def test_frames_on_the_command_line_only_shorten(root):
    assert parse_study(raw({"frames": 9}), root).runs["truth"].used_frames == 4


def test_top_level_anchors_are_ignored(root):
    settings = raw() | {"x-common": {"anything": 1}}
    assert parse_study(settings, root) == parse_study(raw(), root)


def test_anchors_below_the_top_are_not(root):
    assert "x-common" in refused(raw({"runs": {"truth": {"x-common": 1}}}), root)


def test_parsing_leaves_the_given_mapping_as_it_was(root):
    settings = raw({"images": "frog"})
    before = copy.deepcopy(settings)
    parse_study(settings, root)
    assert settings == before


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlay", "names"),
    [
        ({"runs": {"truth": {"splat": {"iteration": 5}}}}, ["runs.truth.splat", "iteration", "unknown key"]),
        ({"run": {}}, ["run", "unknown key"]),
        ({"runs": {"truth": {"splat": {"backend": "cuda"}}}}, ["runs.truth.splat", "cuda", "autodiff"]),
        (
            {"runs": {"truth": {"splat": {"backend": "gsplat", "splats": 9}}}},
            ["runs.truth.splat: backend gsplat is now called autodiff"],
        ),
        ({"runs": {"truth": {"splat": {"backend": "warm"}}}}, ["runs.truth", "backend warm fits whole clips"]),
        ({"runs": {"truth": {"view_counts": [18, 4]}}}, ["runs.truth", "view_counts", "4", "18"]),
        ({"runs": {"truth": {"frames": 13}}}, ["runs.truth", "frames", "13", "12"]),
        ({"runs": {"truth": {"frames": 0}}}, ["runs.truth.frames"]),
        ({"runs": {"truth": {"motion_scores": [120, 120]}}}, ["motion_scores", "twice"]),
        ({"runs": {"truth": {"motion_scores": [256]}}}, ["runs.truth.motion_scores", "256"]),
        ({"runs": {"truth": {"motion_scores": []}}}, ["runs.truth.motion_scores"]),
        ({"runs": {"truth": {"images": ["tiger"]}}}, ["runs.truth.images", "tiger", "procedural"]),
        ({"images": "tiger"}, ["images", "tiger", "spelling"]),
        ({"runs": {"truth": {"benchmark": "imagenet"}}}, ["runs.truth.benchmark", "imagenet"]),
        ({"runs": {"Truth": RUN}}, ["runs.Truth"]),
        ({"runs": {"truth": {"extends": "missing"}}}, ["runs.truth.extends", "missing"]),
        ({"runs": {"truth": {"extends": "truth"}}}, ["runs.truth.extends", "extends itself"]),
        ({"runs": {"truth": None}}, ["runs.truth"]),
        ({"runs": None}, ["runs"]),
        ({"reports": {"quick": {"runs": ["nobody"]}}}, ["reports.quick.runs", "nobody"]),
        ({"report": "long"}, ["report", "long"]),
        ({"embedder": "ViT-B-32"}, ["embedder", "ViT-B-32"]),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(root, overlay, names):
    message = refused(raw(overlay), root)
    for name in names:
        assert name in message, message


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (LAUGHS, "aliases stand for more than 100,000 values"),
        ("a: &a [*a]\n", "aliases stand for more than"),
        ("[" * 5000, "not valid YAML"),
        ("a: 2001-99-99\n", "not valid YAML"),
        ("a: !!binary x\n", "not valid YAML"),
        ("a: !!timestamp x\n", "not valid YAML"),
        ("a: !!bool x\n", "not valid YAML"),
        ("1: a\n", "1 is no name of a setting"),
        ("a: \x07\n", "not valid YAML"),
        ("a: " + "9" * 5000, "not valid YAML"),
    ],
)
def test_yaml_that_breaks_parsers_is_refused_in_one_line(tmp_path, text, what):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match=what) as error:
        reading.read_yaml(tmp_path / "a.yaml")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 2000


@pytest.mark.parametrize(
    ("run", "what"),
    [({"extends": ["a"]}, "extends: must be the name"), ({"seed": {"backend": ["a"]}}, "runs.odd.seed")],
)
def test_a_list_in_the_place_of_a_name_is_refused(root, run, what):
    assert what in refused(with_runs(odd={"extends": "truth", "title": "Odd"} | run), root)


def test_a_cycle_of_extends_is_refused(root):
    runs = {name: {"title": name, "extends": parent} for name, parent in (("a", "b"), ("b", "c"), ("c", "a"))}
    assert "extends itself" in refused(with_runs(**runs), root)


def test_a_missing_manifest_is_refused(tmp_path):
    message = refused(raw(), tmp_path)
    assert "objects.yaml" in message


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [1\n", ""])
def test_a_manifest_that_is_no_mapping_is_refused(root, text):
    (root / "benchmark/procedural/objects.yaml").write_text(text, encoding="utf-8")
    assert "objects.yaml" in refused(raw(), root)


def test_names_of_images_must_fit_paths(root):
    (root / "benchmark/procedural/objects.yaml").write_text("../frog: {family: frog}\n", encoding="utf-8")
    assert "../frog" in refused(raw(), root)


# --- benchmarks -------------------------------------------------------------------------------------------------------


def test_photographs_carry_caption_and_checksum(root):
    image = load_benchmark("animate124", None, root)["panda-dance"]
    assert (image.file, image.caption, image.sha256) == ("panda-dance.jpg", "a panda", "0" * 64)


def test_procedural_entries_are_passed_on(root):
    assert load_benchmark("procedural", None, root)["frog"].object == {"family": "frog"}


def test_ones_own_image_is_named_after_its_file(root):
    study = parse_study(with_runs(own={**RUN, "benchmark": "own"}) | {"image": "My Photo (1).JPG"}, root)
    assert study.runs["own"].images == ("my-photo-1",)
    assert image_name("---.png") == "image"


# --- extends and overlays ---------------------------------------------------------------------------------------------


def test_merge_goes_key_by_key():
    assert merge({"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 5}}) == {"a": {"x": 1, "y": 5}, "b": 3}
    assert merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_a_changed_backend_replaces_the_settings_whole():
    base = {"splat": {"backend": "cpu", "maximum": 9}}
    assert merge(base, {"splat": {"backend": "autodiff"}}) == {"splat": {"backend": "autodiff"}}
    assert merge(base, {"splat": {"backend": "cpu", "splats": 7}})["splat"]["maximum"] == 9
    assert merge(base, {"splat": {"splats": 7}})["splat"] == {"backend": "cpu", "maximum": 9, "splats": 7}


def test_an_extending_run_inherits_all_but_the_title(root):
    settings = with_runs(wide={"title": "Wide", "extends": "truth", "splat": {"splats": 900}})
    wide = parse_study(settings, root).runs["wide"]
    assert (wide.title, wide.splat.splats, wide.splat.iterations) == ("Wide", 900, 100)
    del settings["runs"]["wide"]["title"]
    assert "runs.wide.title" in refused(settings, root)


def owners(study, run):
    return {stage: study.owner(run, stage) for stage in ("reference", "seed", "views", "splat", "render", "score")}


REPLICATE = {"title": "Again", "extends": "truth", "replicate": True, "splat": {"seed": 1}}


def with_run(**run):
    study = copy.deepcopy(STUDY)
    study["runs"]["again"] = REPLICATE | run
    return study


def test_a_replicate_differs_in_seeds_only_and_stands_for_the_run_it_repeats(root):
    study = with_run()
    study["runs"]["third"] = {"title": "Third", "extends": "again", "replicate": True, "splat": {"seed": 2}}
    study["runs"]["other"] = {"title": "Other", "extends": "again", "splat": {"iterations": 9}}
    parsed = parse_study(study, root)
    assert [parsed.replicated(name) for name in ("truth", "again", "third", "other")] == [
        "truth", "truth", "truth", "other"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"view_counts": [18]}, "runs.again.replicate: view_counts are not those of truth"),
        ({"images": ["frog"]}, "images are not those of truth"),
        ({"splat": {"seed": 1, "iterations": 9}}, "splat is not that of truth"),
        ({"splat": {}}, "no seed differs from truth"),
        ({**RUN, "extends": None}, "name it with `extends`"),
    ],
)
def test_a_replicate_that_is_none_is_refused(root, run, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_study(with_run(**run), root)
    assert "\n" not in str(caught.value)


def test_stages_are_shared_up_to_the_first_difference(root):
    study = parse_study(with_runs(wide={"title": "Wide", "extends": "truth", "splat": {"splats": 900}}), root)
    shared = dict.fromkeys(("reference", "seed", "views"), "truth")
    assert owners(study, "wide") == shared | dict.fromkeys(("splat", "render", "score"), "wide")


def test_stages_are_shared_across_generations(root):
    runs = {
        "wide": {"title": "Wide", "extends": "truth", "splat": {"splats": 900}},
        "sharp": {"title": "Sharp", "extends": "wide", "render": {"size": 128}},
        "twin": {"title": "Twin", "extends": "sharp"},
    }
    study = parse_study(with_runs(**runs), root)
    assert list(owners(study, "twin").values()) == ["truth", "truth", "truth", "wide", "sharp", "sharp"]


def test_another_benchmark_shares_nothing(root):
    runs = {"photos": {"title": "Photos", "extends": "truth", "benchmark": "animate124"}}
    assert set(owners(parse_study(with_runs(**runs), root), "photos").values()) == {"photos"}


def test_a_run_of_fewer_frames_shares_the_seed_and_nothing_after_it(root):
    study = parse_study(with_runs(few={"title": "Few", "extends": "truth", "frames": 1}), root)
    shared = dict.fromkeys(("reference", "seed"), "truth")
    assert owners(study, "few") == shared | dict.fromkeys(("views", "splat", "render", "score"), "few")


def test_there_is_ground_truth_only_where_the_object_moves_as_it_is_told(root):
    warped = {"seed": {"backend": "relief"}}  # moves in its own way; true views show the object as it is told to move
    hidden = {"title": "Warped, not shown", "extends": "truth", **warped}
    shown = {"title": "Warped", "extends": "truth", **warped, "views": {"backend": "relief"}}
    study = parse_study(with_runs(hidden=hidden, shown=shown), root)
    assert study.runs["truth"].ground_truth
    assert study.runs["hidden"].ground_truth
    assert not study.runs["shown"].ground_truth


def test_runs_without_extends_share_nothing(root):
    study = parse_study(with_runs(other={**RUN, "title": "Other"}), root)
    assert set(owners(study, "other").values()) == {"other"}


def test_only_keeps_a_report_with_its_runs_and_their_ancestors(root):
    settings = with_runs(
        wide={"title": "Wide", "extends": "truth"}, alone={**RUN, "title": "Alone"}
    )  # fmt: skip
    settings["reports"]["wide"] = {"title": "Wide", "runs": ["wide"]}
    study = parse_study(settings, root).only("wide")
    assert set(study.runs) == {"truth", "wide"}
    assert list(study.reports) == ["wide"]
    assert study.report == "wide"


# --- what jobs are given ----------------------------------------------------------------------------------------------


def test_the_argument_holds_what_differs_from_the_defaults():
    assert json.loads(CpuFit(backend="cpu", splats=500).argument()) == {"backend": "cpu", "revision": 2, "splats": 500}
    assert ReferenceSpec().argument() == '{"revision":1}'


def test_the_argument_does_not_depend_on_spelling():
    spelled_out = CpuFit.model_validate({"iterations": 4000, "splats": 500, "maximum": None, "backend": "cpu"})
    assert spelled_out.argument() == CpuFit(backend="cpu", splats=500).argument()


def test_the_argument_tells_backends_and_settings_apart():
    arguments = {CpuFit(backend="cpu", seed=seed).argument() for seed in (0, 1, 2)}
    assert len(arguments) == 3
    assert '"backend":"svd"' in SvdSeed(backend="svd").argument()


def test_the_argument_comes_back_as_the_same_spec():
    spec = SvdSeed(backend="svd", steps=3, variant=None, model="a 'quoted' \"folder\"")
    assert parse_spec("seed", spec.argument()) == spec


@pytest.mark.parametrize(
    ("stage", "text", "names"),
    [
        ("splat", '{"backend":"cpu","revision":1}', ["splat", "revision"]),
        ("splat", '{"backend":"cpu","colour":1}', ["splat", "colour", "unknown key"]),
        ("splat", '{"splats":1}', ["splat", "backend"]),
        ("seed", "not json", ["seed"]),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line(stage, text, names):
    with pytest.raises(InputError) as error:
        parse_spec(stage, text)
    message = str(error.value)
    assert "\n" not in message
    for name in names:
        assert name in message, message


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("photo #1.png", "photo #1.png"),
        ("a: b.png", "a: b.png"),
        ("007", "007"),
        ("null", "null"),
        ("[1].png", "[1].png"),
        ("'quoted #1.png'", "quoted #1.png"),
        ("'it's.png'", "it's.png"),
        ('"a\\"b.png"', 'a"b.png'),
        ("", None),
    ],
)
def test_a_text_of_the_command_line_is_what_was_typed(typed, name):
    assert reading.read_settings([f"image={typed}"]) == {"image": name}
    as_snakemake_has_it = {"image": "photo", "cores": 1}
    words = ["snakemake", "--config", f"image={typed}", "--cores", "1"]
    assert reading.as_typed(as_snakemake_has_it, words) == {"image": name, "cores": 1}
    assert reading.as_typed(as_snakemake_has_it, [f"--config=image={typed}"]) == {"image": name, "cores": 1}


def test_lists_of_names_are_texts_and_other_settings_yaml():
    assert reading.read_settings(["images=12,no", "frames=4", "training={minutes: 10}"]) == {
        "images": "12,no",
        "frames": 4,
        "training": {"minutes": 10},
    }
    assert reading.read_settings(["images=[fish, panda]"]) == {"images": ["fish", "panda"]}
    assert reading.as_typed({"images": 12}, ["images=12"]) == {"images": "12"}


def test_report_own_shows_a_photograph_by_the_backends_of_another_run():
    """That run at its base condition, beside all others as they were; what other reports show does not depend on it."""
    files, image = [ROOT / "config/study.yaml"], {"image": "A cat.jpg"}
    study, plain = (parsing.load_study(files, image | own, ROOT) for own in ({"own": "full"}, {}))
    made = study.runs["own-full"]
    assert study.reports["own"].runs == ("own-full",)
    assert (made.benchmark, made.images, made.conditions, made.used_frames) == ("own", ("a-cat",), [(120, 18)], 25)
    assert all(made.spec(stage) == plain.runs["full"].spec(stage) for stage in STAGES)
    assert {name: run for name, run in study.runs.items() if name != "own-full"} == plain.runs
    assert study.only("full") == plain.only("full")
    assert study.only("own").own == "full"
    random = parsing.load_study(files, image | {"own": "tiny-full"}, ROOT).runs["own-tiny-full"]
    assert random.plumbing  # still: no table has its scores


@pytest.mark.parametrize("name", ["fulll", "truth", "mini-truth-views", "blank", "own"])
def test_a_run_that_takes_no_photograph_is_refused_with_those_that_do(name):
    with pytest.raises(InputError, match=f"^own: '{name}' is no other run .*; choose one of .*relief, full, full-one"):
        parsing.load_study([ROOT / "config/study.yaml"], {"own": name, "image": "cat.jpg"}, ROOT)


def test_more_frames_than_a_run_has_are_no_silent_matter():
    study = parsing.load_study([ROOT / "config/study.yaml"], {"frames": 10}, ROOT)
    assert parsing.notices(study, ["snakemake", "full"]) == []
    assert parsing.notices(study, ["truth"]) == ["frames=10: run truth has 8, all of which are used"]
    assert parsing.notices(study, [])[0] == "frames=10: run quick has 6, all of which are used"
