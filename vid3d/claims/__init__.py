"""The paper as data and what runs say of it: published numbers, claims, verdicts."""
