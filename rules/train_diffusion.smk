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
        data=expand(rules.train_scenes.output, shard=SHARDS[:6]),
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
        part="autoencoder",
        further="",  # options that this part has and others have not
        budget=study.training.budget(0.2),
        folder=lambda wildcards, output: Path(output[0]).parent,
        checkpoints=lambda wildcards, output: f"results/training/checkpoints/{Path(output[0]).parent.name}",
    message:
        "Training a part of the mini diffusion models: {params.part}"
    shell:
        "vid3d train-part {params.part} --data {input.data:q} {params.further} --output {params.folder:q}"
        " --checkpoints {params.checkpoints:q} --threads {threads} {params.budget} 2> {log:q}"


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
        kind="autoencoder",
        judged=lambda wildcards, input: f"--autoencoder {Path(input.model[0]).parent}",
    message:
        "Judging the mini model on held-out objects: {params.kind}"
    shell:
        "vid3d train-judge {params.kind} {params.judged} --objects {input.objects:q} --output {output.judged:q}"
        " --sheet {output.sheet:q} --threads {threads} 2> {log:q}"


use rule train_autoencoder as train_image_encoder with:
    output:
        expand("results/training/image-encoder/{file}", file=ENCODER),
    log:
        logs(job := "train/image-encoder"),
    benchmark:
        benchmarks(job)
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        part="image-encoder",
        budget=study.training.budget(0.1),


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


use rule train_autoencoder as train_views_denoiser with:
    input:
        data=expand(rules.train_latents.output.orbits, shard=SHARDS),
        held_out=expand(rules.train_latents.output.orbits, shard=[HELD_OUT]),
    output:
        expand("results/training/denoiser-views/{file}", file=MODEL),
    log:
        logs(job := "train/denoiser-views"),
    benchmark:
        benchmarks(job)
    resources:
        mem_mb=growing(6000),
        runtime=growing(1200),
    params:
        part="views",
        further=lambda wildcards, input: f"--held-out {input.held_out}",
        budget=study.training.budget(0.35),


# V3D was fine-tuned from Stable Video Diffusion; here the harder task is learnt first
use rule train_views_denoiser as train_seed_denoiser with:
    input:
        data=expand(rules.train_latents.output.videos, shard=SHARDS),
        held_out=expand(rules.train_latents.output.videos, shard=[HELD_OUT]),
        initial=rules.train_views_denoiser.output,
    output:
        expand("results/training/denoiser-seed/{file}", file=MODEL),
    log:
        logs(job := "train/denoiser-seed"),
    benchmark:
        benchmarks(job)
    params:
        part="seed",
        further=lambda wildcards, input: f"--held-out {input.held_out} --initial {Path(input.initial[0]).parent}",
        budget=study.training.budget(0.25),


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
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        autoencoder=lambda wildcards, input: Path(input.autoencoder[0]).parent,
        image_encoder=lambda wildcards, input: Path(input.image_encoder[0]).parent,
        denoiser=lambda wildcards, input: Path(input.denoiser[0]).parent,
        folder="weights/mini-{kind}",
    message:
        "Putting the pipeline of {wildcards.kind} together"
    shell:
        "vid3d train-pipeline --autoencoder {params.autoencoder:q} --image-encoder {params.image_encoder:q}"
        " --denoiser {params.denoiser:q} --output {params.folder:q} 2> {log:q}"


use rule judge_autoencoder as judge_mini_model with:
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
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        kind=lambda wildcards: wildcards.kind,
        judged=lambda wildcards, input: shlex.join(
            ["--spec", study.runs["mini"].spec(wildcards.kind).argument(), "--scenes", *input.scenes]
        ),


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
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        kind=lambda wildcards: wildcards.kind,
        folder=lambda wildcards, output: Path(output[0]).parent,
    message:
        "Model card of {params.folder}"
    shell:
        "vid3d train-card {params.kind} --model {params.folder:q} 2> {log:q}"


rule train_diffusion:
    input:
        expand("weights/mini-{kind}/README.md", kind=["views", "seed"]),
