# Refuses a study whose weights are not there and that no rule makes.  It asks all rules, and so comes last.
#
# note  Snakemake does not: it takes what they would make, if that is there from before, for a source

from vid3d.weights.contents import missing

# for who misspells one (vid3d/machine/snakemake_logger.py)
logger.info("", extra={"vid3d": Targets([rule.name for rule in workflow.rules if not rule.has_wildcards()])})


def made(path):
    """Whether a rule makes this file."""
    return any(output.match(path) for rule in workflow.rules for output in rule.output)


try:
    missing(study, made, Path())
except InputError as error:
    print(f"vid3d: {error}", file=sys.stderr)
    sys.exit(2)
