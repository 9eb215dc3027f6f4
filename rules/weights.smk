# Published weights, pinned in config/weights.yaml -> files below weights/.
#
# out   weights/downloads/...: fetched, size and sha256 verified; kept (write-protected, never deleted by the workflow)
#       weights/v3d-diffusers/...: V3D's checkpoint, converted
# grain one job per file: a failure costs no other file, and the next attempt continues the download
# note  the content decides what is fetched anew, not the manifest's words; acknowledging a licence re-makes nothing
# note  `snakemake --cores 2 weights --config report=full` on a node with internet fetches all that the report needs


rule weights:
    input:
        sorted(
            {
                f
                for run in study.reports[study.report].runs
                for s in STAGES
                for f in MANIFEST.inputs(study.runs[run].spec(s))
            }
        ),
    localrule: True


LICENCES = " ".join(study.licences)


rule weights_file:
    output:
        protected(layout.DOWNLOADED),
    log:
        logs(job := "weights/{file}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        file="|".join(
            re.escape(path.removeprefix(layout.DOWNLOADED.format(file="")))
            for model in MANIFEST.models.values()
            for path in model.paths
        ),
    localrule: True  # the nodes of a cluster often have no internet
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(600),
    params:
        # the content alone decides what is fetched anew
        sha256=lambda wildcards: MANIFEST.sha256(layout.DOWNLOADED.format(file=wildcards.file)),
    message:
        "Fetch weights {wildcards.file}"
    shell:
        f"vid3d fetch-weights --licences {LICENCES}" " --output {output:q} 2> {log:q}"


rule convert_v3d:
    input:
        checkpoint="weights/downloads/v3d/V3D.ckpt",
        svd="weights/downloads/svd-xt-sgm/svd_xt.safetensors",
    output:
        "weights/v3d-diffusers/model_index.json",
        "weights/v3d-diffusers/unet/diffusion_pytorch_model.safetensors",
        "weights/v3d-diffusers/vae/diffusion_pytorch_model.safetensors",
        "weights/v3d-diffusers/image_encoder/model.safetensors",
        account="weights/v3d-diffusers/conversion.json",
    log:
        logs(job := "weights/v3d-diffusers"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(6000),  # 1.1 GB and the mapped files' pages
        runtime=growing(60),
    params:
        folder=lambda wildcards, output: Path(output.account).parent,
        sizes="",  # of a model that is not of V3D's size
    message:
        "Convert V3D's checkpoint to a diffusers folder: {params.folder}"
    shell:
        "vid3d convert --checkpoint {input.checkpoint:q} --svd {input.svd:q} {params.sizes} --output {params.folder:q}"
        " 2> {log:q}"
