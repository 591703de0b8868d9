"""What was given with the boot and told by the operator so far. It outlives the stages."""

from __future__ import annotations

from ..answers.interview import CONFIRM, Ask, Interview, Told, refuse
from ..answers.questions import GivenAnswers
from ..model.plan import Target
from ..sentence import Sentence
from .devices import Devices


class Dialogue:
    """The memory of the interview, which is replayed with it at every event.

    `errors` stop an unattended run; `doubt`: one of them must be seen by the operator.
    `ended`: a transfer has ended on this PC, so that another one begins with the role, whatever was given.
    `review`: what was given is asked as well, preselected.
    `focus`: by question, the choice that the operator had moved to before he went elsewhere.
    """

    def __init__(
        self,
        given: GivenAnswers,
        warnings: tuple[Sentence, ...] = (),
        errors: tuple[Sentence, ...] = (),
        doubt: bool = False,
        ended: bool = False,
    ) -> None:
        self.given = given
        self.warnings = warnings
        self.errors = errors
        self.doubt = doubt
        self.ended = ended
        self.review = False
        self.told = Told({})
        self.focus: dict[str, str] = {}

    def interview(self, devices: Devices, ask: Ask) -> Interview:
        """The interview as it stands, on what is there now."""
        return Interview(
            self.given,
            devices.machine,
            ask,
            self.told,
            review=self.review,
            doubt=self.doubt or self.ended,
            complete=devices.complete,
        )

    def notes(self, interview: Interview) -> tuple[Sentence, ...]:
        """What the operator is to see beside the questions, each once."""
        return tuple(dict.fromkeys((*self.errors, *self.warnings, *interview.warnings)))

    def still_means(self, target: Target, devices: Devices) -> bool:
        """Whether the answers still choose `target`, now that the network is there: in the time for that another disk
        may have appeared, and who has confirmed nothing has not said which of the two may be overwritten."""
        settled = self.interview(devices, refuse).preview()
        chosen = next((item.value for item in settled if item.key == "disk"), None)
        return (isinstance(chosen, Target) and chosen.path == target.path) or CONFIRM in self.told.answers

    def back(self) -> None:
        """Forget the last told answer; before the first one, ask also what was given."""
        if not self.told.back():
            self.review = True

    def anew(self) -> None:
        """Ask everything again, with what was given preselected."""
        self.told = Told({})
        self.review = True

    def over(self, ended: bool) -> None:
        """There is a result. `ended`: of a transfer that had begun."""
        self.told = Told({})
        self.ended = self.ended or ended
