"""Makes the administrator and loads the YAML beside this file. Runs in Superset's environment."""

from pathlib import Path

import superset_config
from flask import g
from superset.app import create_app

FOLDER = Path(__file__).parent
PARTS = ("databases", "datasets", "charts", "dashboards")


def main() -> None:
    """Load everything, over what was loaded before."""
    with create_app().app_context():
        # These need the application.
        from superset import db, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.connectors.sqla.models import SqlaTable

        g.user = security_manager.find_user("admin") or security_manager.add_user(
            username="admin",
            first_name="Journeys",
            last_name="Administrator",
            email="admin@company.example",
            role=security_manager.find_role("Admin"),
            password=(superset_config.STATE / "admin_password").read_text().strip(),
        )
        files = [
            FOLDER / "metadata.yaml",
            *(path for part in PARTS for path in sorted((FOLDER / part).rglob("*.yaml"))),
        ]
        ImportAssetsCommand(
            {str(path.relative_to(FOLDER)): path.read_text() for path in files}
        ).run()
        # The columns are the release's own; the files name none, so the two cannot disagree.
        for dataset in db.session.query(SqlaTable).filter_by(schema="main"):
            dataset.fetch_metadata()
        db.session.commit()


if __name__ == "__main__":
    main()
