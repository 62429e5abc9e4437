"""The web shop's tracking: Segment calls of a visitor's session.

The device's clock may be wrong: `originalTimestamp` and `sentAt` are the device's,
`receivedAt` is the server's, and `timestamp` is what Segment makes of the three.
"""

from datetime import datetime, timedelta

from tests.sample_company.clock import millis_z
from tests.sample_company.people import Person
from tests.sample_company.world import DOMAIN, World

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/139.0",
    "Mozilla/5.0 (Linux; Android 16) Chrome/139.0 Mobile",
)
LIBRARY = {"name": "analytics.js", "version": "2.11.1"}
AGAIN_SHARE = 0.004
LATE_SHARE = 0.01  # of sessions, whose device was offline for days


class Session:
    """One visit, from the page that it opens with; each call moves its clock on."""

    def __init__(
        self,
        world: World,
        person: Person | None,
        at: datetime,
        cookie: str,
        *,
        referrer: str = "",
        logged_in: bool = False,
        placeholder: str | None = None,
        agent: str | None = None,
    ) -> None:
        rng = self.rng = world.rng
        self._world = world
        self._person = person
        self._cookie = cookie
        self._user = person.user_id if person and logged_in else placeholder
        self._agent = agent or AGENTS[rng.randrange(len(AGENTS))]
        self._ip = f"203.0.113.{rng.randrange(1, 255)}"
        self._path = "/"
        self._referrer = referrer
        self._skew = timedelta(seconds=rng.choice((0, 0, 1, -2, 3)))
        if rng.random() < 0.03:
            self._skew = timedelta(seconds=rng.randrange(-7200, 7200))
        self._lag = timedelta(milliseconds=rng.randrange(20, 900))
        self._late = rng.random() < LATE_SHARE
        if self._late:
            self._lag = timedelta(hours=rng.randrange(20, 80))
        self.at = at

    def wait(self, seconds: float) -> None:
        """The visitor does nothing for so long."""
        self.at += timedelta(seconds=seconds)

    def page(self, path: str, name: str, **properties: object) -> None:
        """A page is opened."""
        self._path = path
        shown = {
            "path": path,
            "url": f"https://www.{DOMAIN}{path}",
            "title": name,
            "referrer": self._referrer,
        }
        self._call("page", {"name": name, "properties": shown | properties})
        self._referrer = f"https://www.{DOMAIN}{path}"
        self.wait(self.rng.uniform(3, 40))

    def track(self, event: str, seconds: float | None = None, **properties: object) -> None:
        """Something happens on the page; `seconds` until the next thing."""
        self._call("track", {"event": event, "properties": properties})
        self.wait(self.rng.uniform(1, 20) if seconds is None else seconds)

    def log_in(self) -> None:
        """The visitor says who they are: `identify`, and this call and all later ones say it."""
        person = self._person
        if person is None or person.user_id is None:
            raise ValueError("a visitor without an account cannot log in")
        self._user = person.user_id
        traits = {"email": person.email_at(self.at), "name": person.name}
        if person.loyalty_id:
            traits["loyalty_id"] = person.loyalty_id
        if person.phone and person.number % 3 == 0:
            traits["phone"] = person.phone
        self._call("identify", {"traits": traits})
        self._world.named(
            self.at + self._lag, person, email=traits["email"], phone=traits.get("phone")
        )

    def alias(self) -> None:
        """The visitor of before is the account of now."""
        self._call("alias", {"previousId": self._cookie})

    def give_mail(self) -> None:
        """A guest leaves a mail address, without an account."""
        if self._person:
            email = self._person.email_at(self.at)
            self._call("identify", {"traits": {"email": email}})
            self._world.named(self.at + self._lag, self._person, email=email)

    def _call(self, type: str, what: dict) -> None:
        world = self._world
        sent_at = self.at + self._lag
        received_at = sent_at + timedelta(milliseconds=120)
        if received_at > world.end:
            return
        record = {
            "type": type,
            "messageId": f"ajs-{world.rng.getrandbits(80):020x}",
            "anonymousId": self._cookie,
            "userId": self._user,
            **what,
            "context": {
                "library": LIBRARY,
                "page": {"path": self._path, "url": f"https://www.{DOMAIN}{self._path}"},
                "userAgent": self._agent,
                "ip": self._ip,
                "locale": "en-GB",
                "timezone": "Europe/Berlin",
            },
            "integrations": {},
            "originalTimestamp": millis_z(self.at + self._skew),
            "sentAt": millis_z(sent_at + self._skew),
            "receivedAt": millis_z(received_at),
            "timestamp": millis_z(self.at + timedelta(milliseconds=120)),
            "version": 2,
        }
        world.export("segment/late" if self._late else "segment", received_at, record)
        if self._person:
            world.named(received_at, self._person, cookie=self._cookie, user_id=self._user)
        if world.rng.random() < AGAIN_SHARE:
            world.export("segment", received_at + timedelta(seconds=30), record)


def rage_clicks(session: Session, selector: str, count: int = 5) -> None:
    """The same element clicked again and again within a second, without any effect."""
    x, y = 320 + len(selector), 480
    for n in range(count):
        session.track(
            "Element Clicked", 0.18, selector=selector, x=x + n % 2, y=y, had_effect=False
        )
    session.wait(4)


def dead_click(session: Session, selector: str) -> None:
    """One click on what looks like a button and is none."""
    session.track("Element Clicked", selector=selector, x=210, y=640, had_effect=False)


def invalid_form(session: Session, form: str, fields: tuple[str, ...], submits: bool) -> None:
    """A form whose fields are refused; in the end it is submitted or abandoned."""
    session.track("Form Started", form_id=form)
    for name in fields:
        session.track("Form Validation Failed", form_id=form, field=name)
    session.track("Form Submitted" if submits else "Form Abandoned", form_id=form)


def browse(session: Session, steps: int) -> None:
    """Looking around, mostly without trouble."""
    rng = session.rng
    session.page("/", "Home")
    for _ in range(steps):
        chance = rng.random()
        product = rng.randrange(1, 10)
        if chance < 0.3:
            session.page(f"/products/{product}", "Product")
            session.track("Product Viewed", product_id=f"P{product}", name=f"Product {product}")
        elif chance < 0.45:
            session.page("/search", "Search")
            session.track("Products Searched", query="lamp", results_count=rng.randrange(1, 40))
        elif chance < 0.48:
            session.page("/search", "Search")
            session.track("Products Searched", query="lmap oak", results_count=0)
        elif chance < 0.62:
            session.track("Product List Viewed", list_id=f"L{product}", category="home")
        elif chance < 0.82:
            session.track(
                "Element Clicked",
                selector=f"#nav-{product}",
                x=rng.randrange(1200),
                y=rng.randrange(800),
                had_effect=True,
            )
        elif chance < 0.84:
            dead_click(session, ".teaser-image")
        elif chance < 0.85:
            rage_clicks(session, "#filter-apply")
        else:
            slow = rng.random() < 0.06
            load_ms = rng.randrange(4200, 11000) if slow else rng.randrange(280, 1900)
            session.track("Page Loaded", 1.0, load_ms=load_ms)
