"""One judgement in CEL, and how a CustomResourceDefinition says it."""

from __future__ import annotations

from dataclasses import dataclass

from munshi.api.wire import Object


@dataclass(frozen=True, slots=True)
class Rule:
    """One judgement.

    Attributes:
        holds: CEL that is true when nothing is wrong.
        message: What is wrong and how to mend it.
        at: The field below this one that is to be mended, as `.maxTrialCount`; empty for this one.
        told: CEL that makes the message, when it names values; `message` is then for tools.
        again: Judged whenever the object is written, or, if it speaks of `oldSelf`, whenever it changes;
            otherwise when it is created and never again.
        home_only: Not in v1alpha3.
        old_only: Only in v1alpha3.
        missing: The fault is that something is not there.
    """

    holds: str
    message: str
    at: str = ""
    told: str = ""
    again: bool = False
    home_only: bool = False
    old_only: bool = False
    missing: bool = False

    def write(self) -> Object:
        """As an entry of x-kubernetes-validations."""
        holds = self.holds if self.again else f"oldSelf.hasValue() || ({self.holds})"
        said: Object = {"rule": holds, "message": self.message}
        if self.told:
            said["messageExpression"] = self.told
        if self.at:
            said["fieldPath"] = self.at
        if self.missing:
            said["reason"] = "FieldValueRequired"
        if not self.again:
            said["optionalOldSelf"] = True
        return said
