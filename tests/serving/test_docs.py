"""The documentation's page: of the release, whole, and of no danger whatever a mapping says."""

import json

import pytest

from ingestion.settings import Settings
from serving import docs, publish
from serving.errors import NotPublished


def test_the_page_holds_the_releases_columns_and_no_markup_of_others(settings: Settings, built):
    publish.publish(settings, built(1), checks_passed=1)
    path = settings.root / "dbt" / "target" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["metadata"] = {"project_name": "journeys"}
    hostile = "</script><script>alert(1)</script>"
    manifest["nodes"]["model.journeys.stg_run"]["compiled_code"] = f"{settings.root}/log {hostile}"
    path.write_text(json.dumps(manifest))

    page = docs.write(settings).read_text()
    assert hostile not in page and "alert(1)" in page
    assert str(settings.root) not in page
    catalog = page[page.index('"unique_id": "model.journeys.dim_customers"') :]
    assert '"score": {"name": "score", "index": 3, "type": "double"' in catalog
    assert "INLINE DATA" not in page


def test_without_a_build_there_is_nothing_to_document(settings: Settings):
    with pytest.raises(NotPublished, match="was not built here"):
        docs.write(settings)
