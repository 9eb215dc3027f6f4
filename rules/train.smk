# Nothing -> the mini CLIP in weights/mini-clip, its evaluation and its model card.  Its results are committed, and no
# other rule asks for them to be made: `snakemake mini_clip` does, after deleting model.safetensors to train anew.
#
# out   config.json, model.safetensors, vocabulary.txt, training.{csv,json};  evaluation.json;  agreement.json (once run
#       `truth` has scores);  README.md with its figures
# grain one job each; half an hour on one core for the training, a few minutes for the evaluation

MINI_CLIP = "weights/mini-clip/"
MINI_CLIP_MODEL = [
    MINI_CLIP + name
    for name in (
        "config.json",
        "model.safetensors",
        "vocabulary.txt",
        "training.csv",
        "training.json",
    )
]


def of_truth(pattern, stage):
    """Input function: an artefact of every clip of run `truth`."""
    return lambda wildcards: [clip.path(pattern, study, stage) for clip in layout.conditions(study, "truth")]


rule mini_clip:
    input:
        MINI_CLIP + "README.md",


rule train_mini_clip:
    output:
        MINI_CLIP_MODEL,
    log:
        "logs/train/mini-clip.log",
    benchmark:
        "benchmarks/train/mini-clip.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=180,
    params:
        folder=MINI_CLIP,
    message:
        "Training the mini CLIP"
    shell:
        "vid3d train clip --output {params.folder:q} 2> {log:q}"


rule evaluate_mini_clip:
    input:
        model=MINI_CLIP_MODEL,
        objects="benchmark/procedural/objects.yaml",
    output:
        MINI_CLIP + "evaluation.json",
    log:
        "logs/train/mini-clip-evaluation.log",
    benchmark:
        "benchmarks/train/mini-clip-evaluation.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        folder=MINI_CLIP,
    message:
        "Evaluating the mini CLIP on held-out objects"
    shell:
        "vid3d ruler --model {params.folder:q} --objects {input.objects:q} --output {output:q} 2> {log:q}"


rule mini_clip_agreement:
    input:
        scores=of_truth(layout.SCORES, "score"),
        held_out=of_truth(layout.HELD_OUT, "render"),
    output:
        MINI_CLIP + "agreement.json",
    log:
        "logs/train/mini-clip-agreement.log",
    benchmark:
        "benchmarks/train/mini-clip-agreement.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "Comparing CLIP-I with PSNR over the conditions of run truth"
    shell:
        "vid3d agreement --scores {input.scores:q} --held-out {input.held_out:q} --output {output:q} 2> {log:q}"


rule mini_clip_card:
    input:
        model=MINI_CLIP_MODEL,
        evaluation=MINI_CLIP + "evaluation.json",
        agreement=MINI_CLIP + "agreement.json",
    output:
        MINI_CLIP + "README.md",
        MINI_CLIP + "training.png",
        MINI_CLIP + "damage.png",
    log:
        "logs/train/mini-clip-card.log",
    benchmark:
        "benchmarks/train/mini-clip-card.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folder=MINI_CLIP,
    message:
        "Model card of the mini CLIP"
    shell:
        "vid3d card --model {params.folder:q} 2> {log:q}"
