"""The files that bring up Ray clusters: what Ray's launcher and KubeRay's operator make of them, by their own
schemas."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.published import published

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
SCHEMA = json.loads(Path(__file__).with_name("raycluster.schema.json").read_text())


def read(name: str) -> dict[str, Any]:
    """The first document of the file."""
    document = next(yaml.safe_load_all((CONFIGS / name).read_text()))
    assert isinstance(document, dict)
    return document


def launcher_accepts(document: dict[str, Any]) -> dict[str, Any]:
    """What the launcher makes of it. Raises jsonschema.ValidationError."""
    filled: dict[str, Any] = prepare_config(deepcopy(document))
    validate_config(filled)
    return filled


@pytest.mark.parametrize("name", ["ray-aws.yaml", "ray-on-premise.yaml"])
def test_the_launcher_accepts_it_and_every_ray_asks_for_a_token(name: str) -> None:
    document = read(name)
    launcher_accepts(document)
    with pytest.raises(jsonschema.ValidationError):
        launcher_accepts({**document, "idle_timeout": 5})
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        starts = [command for command in document[key] if "ray start" in command]
        assert len(starts) == 1 and "RAY_AUTH_MODE=token ray start" in starts[0]
    assert "~/.ray/auth_token" in document["file_mounts"]
    assert f'"ray[default]=={ray.__version__}"' in " ".join(document["setup_commands"])


def test_workers_on_ec2_come_from_zero_in_three_zones() -> None:
    types = launcher_accepts(read("ray-aws.yaml"))["available_node_types"]
    workers = [kind for name, kind in types.items() if name != "head"]
    assert [worker["min_workers"] for worker in workers] == [0, 0, 0]
    assert sorted(worker["labels"]["az"] for worker in workers) == ["a", "b", "c"]
    assert len({tuple(worker["node_config"]["SubnetIds"]) for worker in workers}) == 3
    assert [worker["max_workers"] for worker in workers] == [1, 1, 1]
    assert "RAY_enable_autoscaler_v2=1" in read("ray-aws.yaml")["head_start_ray_commands"][1], (
        "the former autoscaler knows no labels"
    )
    assert read("ray-aws.yaml")["provider"]["cache_stopped_nodes"], "a node that comes back has its disk"


def strict(schema: Any) -> Any:
    """The schema as Kubernetes applies it with strict field validation: an object has no fields but those it names."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(value) for name, value in schema.items()}
    if isinstance(made.get("properties"), dict) and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if made.pop("x-kubernetes-int-or-string", False):
        made.pop("type", None)
    return made


def test_the_published_definition_accepts_it() -> None:
    """KubeRay's own CustomResourceDefinition, pod templates and all."""
    text = gzip.decompress(published("kuberay/ray.io_rayclusters.yaml.gz").read_bytes())
    definition = yaml.load(text, yaml.CSafeLoader)  # of 17,580 lines: the other one takes seconds
    (served,) = [version for version in definition["spec"]["versions"] if version["name"] == "v1"]
    schema = strict(served["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}  # of every kind in Kubernetes, and not in the definition
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator, document = kind(schema), read("kuberay.yaml")
    validator.validate(document)
    (container,) = document["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    container["image_"] = container.pop("image")
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


def test_kuberay_accepts_it() -> None:
    document = read("kuberay.yaml")
    jsonschema.validate(document, SCHEMA)
    spec = document["spec"]
    assert spec["rayVersion"] == ray.__version__ and spec["authOptions"] == {"mode": "token"}
    assert spec["enableInTreeAutoscaling"] and spec["autoscalerOptions"]["version"] == "v2"
    workers = spec["workerGroupSpecs"]
    sizes = [
        (group["replicas"], group["minReplicas"], group["maxReplicas"], group["labels"]["az"]) for group in workers
    ]
    assert sizes == [(0, 0, 1, az) for az in "abc"]
    assert len({group["template"]["spec"]["nodeSelector"]["topology.kubernetes.io/zone"] for group in workers}) == 3
    for group in (spec["headGroupSpec"], *workers):
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"] == f"rayproject/ray:{ray.__version__}"
    claims = [document["metadata"]["name"] for document in yaml.safe_load_all((CONFIGS / "kuberay.yaml").read_text())][
        1:
    ]
    mounted = [
        group["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
        for group in (spec["headGroupSpec"], *workers)
    ]
    assert mounted == claims and len(set(claims)) == 4, "data outlives its zone's pods"


@pytest.mark.parametrize(
    "change",
    [
        {"authOption": {}},
        {"authOptions": {"mode": "none"}},
        {"autoscalerOptions": {"version": "v3"}},
        {"workerGroupSpecs": [{}]},
    ],
)
def test_the_reduced_schema_can_refuse(change: dict[str, Any]) -> None:
    document = read("kuberay.yaml")
    document["spec"].update(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)
