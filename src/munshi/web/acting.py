"""The handlers that change something, and those that judge what may become an Experiment."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from munshi.api import yaml_text, yaml_writer
from munshi.errors import FieldFault, Forbidden, Invalid
from munshi.web import answers, context, shapes
from munshi.web.ports import Verb, Wish
from munshi.web.views import rows

T = TypeVar("T")
MOST = 2 * yaml_text.MAX_BYTES
"""Bytes of a request: JSON may double the size of the largest YAML that munshi reads."""
_TEXT = TypeAdapter(shapes.Text)
_SAMPLE = TypeAdapter(shapes.Sample)
_REASON = TypeAdapter(shapes.Reason)
_BUDGET = TypeAdapter(shapes.Budget)
_MOST_SAMPLES = 1_000_000


async def validate(request: Request) -> shapes.Verdict:
    """Judge the YAML of an Experiment."""
    text = (await _body(request, _TEXT))["yaml"]
    place = context.of(request).place
    verdict = await place.judge(text)
    found = verdict.experiment
    return {
        "faults": [answers.fault(one) for one in verdict.faults],
        "notes": list(verdict.notes),
        "experiment": None if found is None else rows.row(found, (), place.now()),
    }


async def render(request: Request) -> shapes.Job:
    """The job that a trial of an Experiment's YAML would run."""
    said = await _body(request, _SAMPLE)
    number = said.get("trial", 0)
    if not 0 <= number <= _MOST_SAMPLES:
        raise Invalid([FieldFault(("trial",), f"{number} is not from 0 to {_MOST_SAMPLES}")])
    return {"job": yaml_writer.write(await context.of(request).place.render(said["yaml"], number))}


async def create(request: Request) -> shapes.Created:
    """Begin an Experiment."""
    place = context.of(request).place
    if not place.may_create:
        raise Forbidden(f"Experiments cannot be submitted to {place.name} from here")
    namespace, name = await place.submit((await _body(request, _TEXT))["yaml"])
    return {"namespace": namespace, "name": name}


async def stop(request: Request) -> shapes.Said:
    """End an Experiment now, and keep its results."""
    reason = (await _body(request, _REASON)).get("reason", "")
    return await _act(request, Verb.STOP, reason=reason)


async def suspend(request: Request) -> shapes.Said:
    """Begin no new trial for now."""
    return await _act(request, Verb.SUSPEND)


async def resume(request: Request) -> shapes.Said:
    """Take suspend or stop back."""
    return await _act(request, Verb.RESUME)


async def restart(request: Request) -> shapes.Said:
    """Go on with a larger budget."""
    most = (await _body(request, _BUDGET))["max_trial_count"]
    return await _act(request, Verb.RESTART, max_trial_count=most)


async def delete(request: Request) -> shapes.Said:
    """End an Experiment, and delete it with all its trials."""
    return await _act(request, Verb.DELETE)


async def stop_trial(request: Request) -> shapes.Said:
    """End a trial now; its settings are not tried again."""
    reason = (await _body(request, _REASON)).get("reason", "")
    return await _act(request, Verb.STOP, reason=reason)


async def retry_trial(request: Request) -> shapes.Said:
    """Run a trial once more that failed, was killed or reported nothing."""
    return await _act(request, Verb.RETRY)


async def _act(
    request: Request, verb: Verb, *, reason: str = "", max_trial_count: int = 0
) -> shapes.Said:
    place, (namespace, name) = context.of(request).place, context.named(request)
    if not place.may_act:
        raise Forbidden(f"Experiments of {place.name} cannot be changed from here")
    trial = request.path_params.get("trial", "")
    wish = Wish(verb, namespace, name, trial, reason, max_trial_count)
    return {"said": await place.act(wish)}


async def _body(request: Request, shape: TypeAdapter[T]) -> T:
    """The request's JSON; an empty body is an empty object.

    Raises:
        Invalid: It is too long, no JSON, or not of that shape.
    """
    read = bytearray()
    async for block in request.stream():
        read += block
        if len(read) > MOST:
            raise Invalid([FieldFault((), f"the request is longer than {MOST} bytes")])
    try:
        return shape.validate_python(json.loads(read or b"{}"), strict=True)
    except ValidationError as error:
        faults = [FieldFault(tuple(one["loc"]), one["msg"]) for one in error.errors()]
        raise Invalid(faults) from error
    except (ValueError, RecursionError) as error:
        mend = 'send JSON, such as {"yaml": "…"}'
        raise Invalid([FieldFault((), "the request is no JSON", mend)]) from error
