# Nothing -> the mini CLIP in weights/mini-clip, its evaluation and its model card.
#
# note  the results are committed, so that scoring finds them; `make train` makes them anew.  A trial of all trainings, of
#       10 minutes, in a clone (it overwrites weights/), with the smallest run `truth` that the card can be written from:
#       make train ARGS="--config training='{minutes: 10}' images=frog-green,fish-teal frames=1"
# out   config.json, model.safetensors, vocabulary.txt, training.{csv,json};  evaluation.json;  generated.json and
#       agreement.json (once runs `ruler` and `truth` have scores);  README.md with its figures
# grain one job each; half an hour on one core for the training, a few minutes for the evaluation

MINI_CLIP_MODEL = expand("weights/mini-clip/{file}", file=[*ENCODER, "vocabulary.txt"])


rule train_mini_clip:
    output:
        MINI_CLIP_MODEL,
    log:
        logs(job := "train/mini-clip"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(180),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
        budget=study.training.budget(0.1),
    message:
        "Training the mini CLIP"
    shell:
        "vid3d train-clip --output {params.folder:q} {params.budget} 2> {log:q}"


rule evaluate_mini_clip:
    input:
        model=MINI_CLIP_MODEL,
        objects="benchmark/procedural/objects.yaml",
    output:
        "weights/mini-clip/evaluation.json",
    log:
        logs(job := "train/mini-clip-evaluation"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
        compared="",  # the run whose CLIP-I is compared with PSNR
    message:
        "Evaluating the mini CLIP on procedural objects: {output}"
    shell:
        "vid3d train-clip-judge --model {params.folder:q} --objects {input.objects:q} {params.compared}"
        " --output {output:q} 2> {log:q}"


use rule evaluate_mini_clip as mini_clip_agreement with:
    input:
        scores=lambda wildcards: [c.path(layout.SCORES, study) for c in layout.conditions(study, "truth")],
        held_out=lambda wildcards: [c.path(layout.HELD_OUT, study) for c in layout.conditions(study, "truth")],
        model=MINI_CLIP_MODEL,
        objects="benchmark/procedural/objects.yaml",
    output:
        "weights/mini-clip/agreement.json",
    log:
        logs(job := "train/mini-clip-agreement"),
    benchmark:
        benchmarks(job)
    params:
        compared=lambda wildcards, input: shlex.join(["--scores", *input.scores, "--held-out", *input.held_out]),


use rule mini_clip_agreement as mini_clip_on_generated_views with:
    input:
        scores=lambda wildcards: [c.path(layout.SCORES, study) for c in layout.conditions(study, "ruler")],
        held_out=lambda wildcards: [c.path(layout.HELD_OUT, study) for c in layout.conditions(study, "ruler")],
        model=MINI_CLIP_MODEL,
        objects="benchmark/procedural/objects.yaml",
    output:
        "weights/mini-clip/generated.json",
    log:
        logs(job := "train/mini-clip-on-generated-views"),
    benchmark:
        benchmarks(job)


use rule mini_model_card as mini_clip_card with:
    input:
        model=MINI_CLIP_MODEL,
        evaluation="weights/mini-clip/evaluation.json",
        generated="weights/mini-clip/generated.json",
        agreement="weights/mini-clip/agreement.json",
    output:
        "weights/mini-clip/README.md",
        "weights/mini-clip/training.png",
        "weights/mini-clip/damage.png",
    log:
        logs(job := "train/mini-clip-card"),
    benchmark:
        benchmarks(job)
    params:
        kind="clip",


rule train:
    input:
        expand("weights/mini-{kind}/README.md", kind=["clip", "views", "seed"]),
