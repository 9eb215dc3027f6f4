# Nothing -> the mini diffusion models: weights/mini-{seed,views}, each with its scores on held-out objects and its card.
#
# note  the results are committed, so that runs find them; `make train-diffusion` (and `make train`) makes them anew.
#       Scenes, encoded clips, parts and, until a part is done, its checkpoints stay in results/training, so that an
#       interrupted training goes on; delete that folder to begin from nothing.  A trial of all of it, of 10 minutes of
#       training:  make train-diffusion ARGS="--config training='{minutes: 10}'"
# out   two folders that Stable Video Diffusion's pipeline loads (group norms by vid3d.weights.group_norms)
# grain one job per shard of scenes; one each for the autoencoder, the image encoder and the two denoisers

SHARDS = [f"{shard:02d}" for shard in range(len(study.training.shards))]
HELD_OUT = "held-out"  # a shard that no training sees: to watch the denoisers' error on
OBJECTS = {HELD_OUT: "--held-out --first 0 --count 24"}  # shard: the options that say which objects to render
for _number, _count in enumerate(study.training.shards):
    OBJECTS[SHARDS[_number]] = f"--first {sum(study.training.shards[:_number])} --count {_count}"
MODEL = ["diffusion_pytorch_model.safetensors", "config.json", "training.csv", "training.json"]
ENCODER = ["model.safetensors", "config.json", "training.csv", "training.json"]


rule train_scenes:
    output:
        "results/training/scenes/{shard}.npz",
    log:
        logs(job := "train/scenes-{shard}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        objects=lambda wildcards: OBJECTS[wildcards.shard],
    message:
        "Rendering training scenes, shard {wildcards.shard}"
    shell:
        "vid3d train-scenes {params.objects} --output {output:q} 2> {log:q}"


# the first scenes suffice for what sees single images
rule train_autoencoder:
    input:
        expand(rules.train_scenes.output, shard=SHARDS[:6]),
    output:
        expand("results/training/autoencoder/{file}", file=MODEL),
    log:
        logs(job := "train/autoencoder"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
        checkpoints="results/training/checkpoints/autoencoder",
        budget=training_budget(0.2),
    message:
        "Training the mini autoencoder"
    shell:
        "vid3d train-autoencoder --scenes {input:q} --output {params.folder:q} --checkpoints {params.checkpoints:q}"
        " --threads {threads} {params.budget} 2> {log:q}"


# what it cannot show, no denoiser will: look at this before training one
rule judge_autoencoder:
    input:
        model=rules.train_autoencoder.output,
        objects="benchmark/procedural/objects.yaml",
    output:
        judged="results/training/autoencoder/judged.json",
        sheet="results/training/autoencoder/sheet.webp",
    log:
        logs(job := "train/judge-autoencoder"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        folder=lambda wildcards, input: Path(input.model[0]).parent,
    message:
        "Judging the mini autoencoder on held-out objects"
    shell:
        "vid3d train-judge-autoencoder --autoencoder {params.folder:q} --objects {input.objects:q}"
        " --output {output.judged:q} --sheet {output.sheet:q} --threads {threads} 2> {log:q}"


rule train_image_encoder:
    input:
        expand(rules.train_scenes.output, shard=SHARDS[:6]),
    output:
        expand("results/training/image-encoder/{file}", file=ENCODER),
    log:
        logs(job := "train/image-encoder"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
        checkpoints="results/training/checkpoints/image-encoder",
        budget=training_budget(0.1),
    message:
        "Training the mini image encoder"
    shell:
        "vid3d train-image-encoder --scenes {input:q} --output {params.folder:q} --checkpoints {params.checkpoints:q}"
        " --threads {threads} {params.budget} 2> {log:q}"


rule train_latents:
    input:
        scenes=rules.train_scenes.output,
        autoencoder=rules.train_autoencoder.output,
        image_encoder=rules.train_image_encoder.output,
    output:
        orbits="results/training/latents/orbits-{shard}.npz",
        videos="results/training/latents/videos-{shard}.npz",
    log:
        logs(job := "train/latents-{shard}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        autoencoder=lambda wildcards, input: Path(input.autoencoder[0]).parent,
        image_encoder=lambda wildcards, input: Path(input.image_encoder[0]).parent,
    message:
        "Encoding training scenes, shard {wildcards.shard}"
    shell:
        "vid3d train-latents --scenes {input.scenes:q} --autoencoder {params.autoencoder:q}"
        " --image-encoder {params.image_encoder:q} --orbits {output.orbits:q} --videos {output.videos:q}"
        " --threads {threads} 2> {log:q}"


rule train_views_denoiser:
    input:
        latents=expand(rules.train_latents.output.orbits, shard=SHARDS),
        held_out=expand(rules.train_latents.output.orbits, shard=[HELD_OUT]),
    output:
        expand("results/training/denoiser-views/{file}", file=MODEL),
    log:
        logs(job := "train/denoiser-views"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(6000),
        runtime=growing(1200),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
        checkpoints="results/training/checkpoints/denoiser-views",
        budget=training_budget(0.35),
    message:
        "Training the denoiser of orbits of views"
    shell:
        "vid3d train-denoiser views --latents {input.latents:q} --held-out {input.held_out:q}"
        " --output {params.folder:q} --checkpoints {params.checkpoints:q} --threads {threads} {params.budget} 2> {log:q}"


# V3D was fine-tuned from Stable Video Diffusion; here the harder task is learnt first
rule train_seed_denoiser:
    input:
        latents=expand(rules.train_latents.output.videos, shard=SHARDS),
        held_out=expand(rules.train_latents.output.videos, shard=[HELD_OUT]),
        initial=rules.train_views_denoiser.output,
    output:
        expand("results/training/denoiser-seed/{file}", file=MODEL),
    log:
        logs(job := "train/denoiser-seed"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(6000),
        runtime=growing(1200),
    params:
        initial=lambda wildcards, input: Path(input.initial[0]).parent,
        folder=lambda wildcards, output: Path(output[0]).parent,
        checkpoints="results/training/checkpoints/denoiser-seed",
        budget=training_budget(0.25),
    message:
        "Training the denoiser of seed videos"
    shell:
        "vid3d train-denoiser seed --latents {input.latents:q} --held-out {input.held_out:q}"
        " --initial {params.initial:q} --output {params.folder:q}"
        " --checkpoints {params.checkpoints:q} --threads {threads} {params.budget} 2> {log:q}"


# The models' folders are committed and are no rule's output: runs read them as they are, and only forcing this rule, as
# the Makefile does, makes them anew.
rule train_pipeline:
    input:
        autoencoder=rules.train_autoencoder.output,
        judged=rules.judge_autoencoder.output,
        image_encoder=rules.train_image_encoder.output,
        denoiser=expand("results/training/denoiser-{{kind}}/{file}", file=MODEL),
    output:
        touch("results/training/pipeline-{kind}"),
    log:
        logs(job := "train/pipeline-{kind}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        kind="views|seed",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        parts=lambda wildcards, input: " ".join(
            f"--{part} {Path(files[0]).parent}"
            for part, files in {
                "autoencoder": input.autoencoder,
                "image-encoder": input.image_encoder,
                "denoiser": input.denoiser,
            }.items()
        ),
        folder="weights/mini-{kind}",
    message:
        "Putting the pipeline of {wildcards.kind} together"
    shell:
        "vid3d train-pipeline {params.parts} --output {params.folder:q} 2> {log:q}"


rule judge_mini_model:
    input:
        model=rules.train_pipeline.output,
        scenes=expand(rules.train_scenes.output, shard=SHARDS),
        objects="benchmark/procedural/objects.yaml",
    output:
        judged="weights/mini-{kind}/judged.json",
        sheet="weights/mini-{kind}/sheet.webp",
    log:
        logs(job := "train/judge-{kind}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        kind="views|seed",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        spec=lambda wildcards: study.runs["mini"].spec(wildcards.kind).argument(),
    message:
        "Judging the mini model of {wildcards.kind} on held-out objects"
    shell:
        "vid3d train-judge {wildcards.kind} --spec {params.spec:q} --scenes {input.scenes:q} --objects {input.objects:q}"
        " --output {output.judged:q} --sheet {output.sheet:q} 2> {log:q}"


rule mini_model_card:
    input:
        rules.judge_mini_model.output,
    output:
        "weights/mini-{kind}/README.md",
        "weights/mini-{kind}/training.png",
    log:
        logs(job := "train/card-{kind}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        kind="views|seed",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        folder=lambda wildcards, output: Path(output[0]).parent,
    message:
        "Model card of the mini model of {wildcards.kind}"
    shell:
        "vid3d train-card {wildcards.kind} --model {params.folder:q} 2> {log:q}"


rule train_diffusion:
    input:
        expand("weights/mini-{kind}/README.md", kind=["views", "seed"]),
