# Benchmark image -> reference.
#
# in    the manifests under benchmark/, the photographs (downloaded and verified, or from benchmark_dir), or the user's own
# out   reference.png, reference-foreground.png (cut out, recentred, on white), subject.json (name, caption, description)
# note  an object's description is a parameter of its own job only: editing one entry re-makes one object


rule fetch:
    output:
        protected(layout.SOURCE),
    log:
        logs(job := "fetch/{benchmark}/{file}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        benchmark="animate124",
        file="[A-Za-z0-9-]+[.][a-z]+",
    retries: 0 if study.benchmark_dir else 2
    localrule: True  # the nodes of a cluster often have no internet
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        entry=lambda wildcards: next(
            (
                image.model_dump_json(exclude={"revision"})  # of what is made of it
                for image in IMAGES[wildcards.benchmark].values()
                if image.kind == "photograph" and image.file == wildcards.file
            ),
            "{}",
        ),
        folder=lambda wildcards: f"--folder={shlex.quote(study.benchmark_dir)}" if study.benchmark_dir else "",
    message:
        "Fetch {wildcards.file}"
    shell:
        "vid3d fetch --entry {params.entry:q} {params.folder} --output {output:q} 2> {log:q}"


rule reference:
    input:
        source=lambda wildcards: layout.photograph(study.runs[wildcards.run].benchmark, entry(wildcards)) or [],
    output:
        layout.REFERENCE,
        layout.FOREGROUND,
        layout.SUBJECT,
    log:
        logs(job := "reference/{run}/{image}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        spec=spec("reference"),
        entry=lambda wildcards: entry(wildcards).model_dump_json(),
        source=lambda wildcards, input: (f"--source={shlex.quote(str(input.source))}" if input.source else ""),
    message:
        "Prepare the reference image {wildcards.image}"
    shell:
        "vid3d reference --spec {params.spec:q} --entry {params.entry:q} --image {wildcards.image} {params.source}"
        " --output {output:q} 2> {log:q}"
