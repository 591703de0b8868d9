"""The stage before the interview of a PC whose answers name a file to fetch (``config=``).

- It comes behind the stage of the boot medium: that one's file may name it, and so may the initrd's.
- The card and its address are those that the answers give so far; where they leave the card open, nothing is fetched.
- What fails is one sentence. The interview then asks, and says why; nothing goes on unattended.
- Esc gives it up, which is such a failure as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kernel_cmdline.network import IpConfig

from ..answers.configuration import CONFIG, LONGEST, Configuration, Origin, read_configuration
from ..answers.interview import Interview, missing_device, refuse
from ..answers.rules import address
from ..answers.selectors import DeviceMissing
from ..errors import AnswerError
from ..model.machine import Nic
from ..model.plan import Address
from ..network.fetching import Fetch, Fetched, Place, Start, read_place
from ..screens import pages
from ..sentence import NOTHING, Sentence, joined, say
from ..translate import set_language
from .interviewing import Dialogue, Interviewing
from .stage import LEAVING, Stage

if TYPE_CHECKING:
    from ..network.address import AddressJob
    from .app import App

Renew = Callable[[tuple[Configuration, ...], tuple[Sentence, ...]], Dialogue]
"""Makes the dialogue, with what was fetched and with what went wrong."""

Connect = Callable[[Nic, Address], "AddressJob"]
"""Begins to bring a card up."""


SETS_UP = ("nic", "ip", "netmask", "gateway")
"""The questions whose answers set the card up."""


class Fetching(Stage):
    """Brings the card up, and fetches the file that ``config=`` names."""

    reads = True

    def __init__(self, app: App, connect: Connect, renew: Renew, start: Start | None = None) -> None:
        super().__init__(app)
        self._given = {key: one for key, one in app.dialogue.given.items() if key != "auto"}  # nothing is asked here
        self._connect = connect
        self._renew = renew
        self._start = start or (lambda place: Fetch(place, LONGEST, self._note))
        self._job: AddressJob | None = None
        self._fetch: Fetch | None = None
        self._server: str | None = None
        self._place: Place | None = None

    @property
    def pace(self) -> float:
        return 0.1 if self._job else 0.25

    def begin(self) -> None:
        interview = self._interview()
        interview.preview()
        set_language(interview.language)
        try:
            self._place = read_place(self._given[CONFIG].text)
        except AnswerError:  # the check of the line, or of the file that it stands in, tells
            self._go_on(Fetched(None))
            return
        self.tick()

    def tick(self) -> None:
        if self._fetch:
            self._fetching(self._fetch)
        elif self._job:
            self._connecting(self._job)
        else:
            if self.app.devices.completed or self.app.devices.unready:
                self.app.devices.look()
            self._choose_card()

    def devices_changed(self) -> None:
        self.app.devices.look()
        if self._job is None:
            self._choose_card()

    def back(self) -> None:
        self._go_on(Fetched(None, say("It was given up with a key.")))

    def act(self, action: str) -> None:
        self.app.drop_menu()
        if action in LEAVING:
            self._end()
            super().act(action)
        else:
            self._end()
            self.app.devices.wait_anew()
            self.begin()

    def abandon(self) -> None:
        self._end()

    # --- the card ---------------------------------------------------------------------------------------------------

    def _interview(self) -> Interview:
        return Interview(self._given, self.app.machine, refuse, complete=self.app.devices.complete)

    def _choose_card(self) -> None:
        interview = self._interview()
        settled = {item.key: item for item in interview.preview() if item.key in SETS_UP}
        problem = next((item.problem for item in settled.values() if item.problem), None)
        nic = settled["nic"].value
        if isinstance(nic, Nic) and not problem and (self.app.devices.complete or interview.names("nic")):
            config = interview.facts.of("ip", IpConfig)
            self._server = config.server if config and config.form != "dracut" else None
            self._job = self._connect(nic, address(interview.facts))
            self.app.ui.hasten()
            self._connecting(self._job)
        elif self.app.devices.left > 0 and (problem is None or isinstance(problem, DeviceMissing)):
            self._show(say("Detecting disks and network cards ..."))
        else:
            self._go_on(Fetched(None, problem.whole if problem else self._no_card()))

    def _no_card(self) -> Sentence:
        nics = self.app.machine.nics
        if not nics:
            return missing_device("nic", self.app.machine)
        if not any(nic.link for nic in nics):
            return joined(
                " ", say("No network card has a link."), say("Plug in the cable, or name the card with nic=.")
            )
        return say("Several network cards have a link: name the one to use with nic=.")

    def _connecting(self, job: AddressJob) -> None:
        state = job.state
        if not state.over:
            self._show(state.sentence, say("Waiting up to {seconds} s more.", seconds=int(state.left) + 1))
        elif state.address is None:
            self._go_on(Fetched(None, state.sentence))
        else:
            self._begin_to_fetch(self._server or state.boot_server)

    # --- the file ---------------------------------------------------------------------------------------------------

    def _begin_to_fetch(self, server: str | None) -> None:
        assert self._place
        self._place = self._place.on(server)
        if self._place.host is None:
            why = say("Neither ip= nor the DHCP server names a boot server: write tftp://server/ in front.")
            self._go_on(Fetched(None, why))
            return
        self._fetch = self._start(self._place)
        self._fetching(self._fetch)

    def _fetching(self, fetch: Fetch) -> None:
        came = fetch.poll()
        if came:
            self._go_on(came)
        else:
            more = say("Waiting up to {seconds} s more.", seconds=int(fetch.left) + 1)
            self._show(say("Fetching {place} ...", place=str(self._place)), more)

    def _show(self, sentence: Sentence, *more: Sentence) -> None:
        what = () if self._fetch else (say("It is needed to fetch {text}.", text=self._given[CONFIG].text),)
        self.app.show(pages.waiting(sentence, self.app.host, (*what, *more)))

    def _note(self, text: str) -> None:
        self.app.log.emit("note", text=text)

    def _go_on(self, came: Fetched) -> None:
        name = str(self._place) if self._place and self._place.host else self._given[CONFIG].text
        self._end()
        found = () if came.text is None else (read_configuration(came.text, name, Origin.FETCHED),)
        problem = say("{name} was not fetched. {reason}", name=name, reason=came.reason) if came.reason else NOTHING
        dialogue = self._renew(found, (problem,) if problem else ())
        self.app.log.emit(
            "config",
            name=name,
            found=came.text is not None,
            warnings=[str(one) for one in (*dialogue.warnings, *dialogue.errors)],
        )
        self.app.dialogue = dialogue
        self.app.drop_menu()
        self.app.enter(Interviewing(self.app))

    def _end(self) -> None:
        """The card keeps its address; the interview's own plan brings it up anew."""
        fetch, job = self._fetch, self._job
        self._fetch = self._job = None
        if fetch:
            fetch.close()
        if job:
            job.close()
