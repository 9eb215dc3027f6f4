# Nothing -> random weights in the formats of the published ones, for run `tiny-full`.
#
# out   weights/tiny/...: SVD as a diffusers folder, V3D's checkpoint as it is published, a CLIP
#       weights/tiny-v3d-diffusers/...: V3D's, converted as the published one is
# note  drawn from a seed within seconds, so they are not committed


rule tiny_weights:
    output:
        "weights/tiny/svd/model_index.json",
        "weights/tiny/clip/config.json",
        "weights/tiny/clip/model.safetensors",
        checkpoint="weights/tiny/v3d/V3D.ckpt",
        svd="weights/tiny/v3d/svd_xt.safetensors",
        sizes="weights/tiny/v3d/sizes.json",
    log:
        logs(job := "weights/tiny"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    message:
        "Draw random weights"
    shell:
        "vid3d tiny-weights --output weights/tiny 2> {log:q}"


use rule convert_v3d as convert_tiny_v3d with:
    input:
        checkpoint=rules.tiny_weights.output.checkpoint,
        svd=rules.tiny_weights.output.svd,
        sizes=rules.tiny_weights.output.sizes,
    output:
        "weights/tiny-v3d-diffusers/model_index.json",
        account="weights/tiny-v3d-diffusers/conversion.json",
    log:
        logs(job := "weights/tiny-v3d-diffusers"),
    benchmark:
        benchmarks(job)
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        sizes=lambda wildcards, input: f"--config {input.sizes}",
