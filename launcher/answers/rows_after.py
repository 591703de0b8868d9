"""Rows of the table `parameters.ROWS`: what follows the transfer, and who is told."""

from __future__ import annotations

from ..sentence import say
from . import reading as r
from . import rules
from .questions import Choice
from .row import Row, where_given

ROWS: tuple[Row, ...] = (
    Row(
        "retry",
        "0 to 99",
        "with auto=yes, a receiver waits for so many further casts after a failure that another cast can put right "
        "(the table of results says which); default 0",
        "O",
        title=say("Further casts to wait for after a failure"),
        label=say("Retries"),
        quiet=True,
        parse=r.casts("retry", 0, 99),
        default=r.otherwise("0"),
        when=rules.may_receive,
        asked=where_given,
        warns=rules.retry_unused,
        fills="retry",
    ),
    Row(
        "after",
        "reboot, poweroff, shell, menu; or two of them: after=reboot,menu",
        "what follows the transfer: the first word after a success, the last after a failure. The result is shown for "
        "10 s before; any key keeps it there. menu (the default): it stays until somebody comes. With auto=yes, what "
        "keeps a transfer from beginning is a failure, too; a wrong line, and a disk that is not there, stay on the "
        "screen. reboot is for PCs that boot from their disks first: one that boots from the network first comes back "
        "to this line",
        "O",
        title=say("What follows the transfer?"),
        label=say("Afterwards"),
        quiet=True,
        parse=r.read_after,
        choices=r.choose(
            Choice("menu", say("the result stays"), say("until somebody comes")),
            Choice("reboot,menu", say("restart after a success"), say("a failure stays on the screen")),
            Choice("reboot", say("restart"), say("also after a failure")),
            Choice("poweroff,menu", say("power off after a success"), say("a failure stays on the screen")),
            Choice("poweroff", say("power off"), say("also after a failure")),
        ),
        default=r.otherwise("menu"),
        when=rules.after_decides,
        warns=rules.after_unused,
        fills="after",
    ),
    Row(
        "auto_reboot",
        "always, success, never",
        "the same in SambaEdu's words: after=reboot, after=reboot,menu and after=menu (the default); after wins",
        "S",
        title=say("Restart this PC after the transfer?"),
        label=say("Restart"),
        parse=r.word("auto_reboot", r.RESTARTS),
        choices=r.choose(
            Choice("never", say("never")),
            Choice("success", say("success"), say("only when the clone is done")),
            Choice("always", say("always"), say("also after a failure")),
        ),
        default=r.otherwise("never"),
        when=rules.auto_reboot_decides,
        fills="after",
    ),
    Row(
        "remontee_info",
        "y, n (also yes, no)",
        "y: the page page_remontee is told the result, once, at the end. Its answer is waited for 10 s at most, and "
        "changes nothing. n (the default): nobody is told",
        "S",
        title=say("Tell a web page the result?"),
        parse=r.word("remontee_info", {"y": True, "yes": True, "n": False, "no": False}),
        choices=r.choose(Choice("n", say("no")), Choice("y", say("yes"))),
        default=r.otherwise("n"),
        asked=where_given,
        warns=rules.page_unused,
        fills="result_page",
    ),
    Row(
        "page_remontee",
        "http://server/page",
        "the page for remontee_info: a GET with debut and fin (seconds since 1970 by this PC's clock), succes (y, n), "
        "mac, num_op and umode (snd, rcv)",
        "S",
        title=say("The page that is told the result"),
        label=say("Report to"),
        parse=r.read_page,
        when=rules.page_is_told,
        fills="result_page",
    ),
    Row(
        "num_op",
        "a number",
        "SambaEdu's number of the operation, for page_remontee",
        "S",
        example="7",
        title=say("The number of the operation, for that page"),
        parse=r.read_operation,
        default=r.otherwise(""),
        when=rules.page_is_told,
        asked=where_given,
        fills="result_page",
    ),
)
