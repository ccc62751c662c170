"""The three kinds as an API server knows them: CustomResourceDefinitions, made from the models of `api`.

    schema          a model becomes a structural schema, with a description on every field
    words           where the descriptions come from: the models' docstrings
    limits          what the schema says beyond the models: required fields, sizes, the one default
    rule            one judgement in CEL
    rules           what can be judged when the object is written, with admission's words
    changes         the same for what may change later
    definition      the CRD around them: versions, names, printer columns

`make generate` writes them to `deploy/crds/`, and a test fails when they are not what would be written.

What is judged here is what `admission` judges too, never more: an object that admission takes is taken. What
only this version of munshi cannot do (an algorithm that is yet to come) is not judged here, for a cluster's
CRDs and the operator are not upgraded in the same moment; and what CEL cannot say, such as whether a template
uses its placeholders, the operator answers with a condition.
"""

from munshi.kube.crds.definition import KINDS, definition, definitions, file_name, text

__all__ = ["KINDS", "definition", "definitions", "file_name", "text"]
