"""What PV1 and ZBE state about a visit."""

import pytest

from tests.consumers.hl7v2.adt import IN_UTC, KEY, adt, pv1, sealed, stated


def test_a_future_time_is_flagged_except_in_a_plan() -> None:
    later = pv1(f44="20260601100000")
    assert stated(adt("A05", visit=later)).flags == ()
    assert stated(adt("A01", visit=later)).flags == ("PV1-44.future",)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("I", "IMP"), ("E", "EMER"), ("O", "AMB"), ("P", "PRENC"), ("R", "AMB"), ("B", "IMP"),
        ("N", "unknown"), ("C", "unknown"), ("U", "unknown"), ("", "unknown"), ("Z", "unknown"),
        ("OBSENC", "OBSENC"),
    ],
)  # fmt: skip
def test_the_class_is_kept_as_sent_and_as_a_canonical_code(sent: str, code: str) -> None:
    core = stated(adt(visit=pv1(f2=sent)))
    assert (core.class_as_sent, core.class_code) == (sent, code)


def test_the_profile_maps_classes_services_and_dispositions() -> None:
    toml = """[sender.default]
        classes = {Z = "IMP"}
        services = {OBS = "OBSENC"}
        dispositions = {H9 = "hosp"}
    """
    assert stated(adt(visit=pv1(f2="Z")), toml).class_code == "IMP"
    core = stated(adt(visit=pv1(f2="O", f10="OBS^Observation", f36="H9")), toml)
    assert (core.class_as_sent, core.class_code, core.service) == ("O", "OBSENC", "OBS")
    assert (core.disposition, core.disposition_code) == ("H9", "hosp")


@pytest.mark.parametrize(
    ("field", "number"), [("PV1-19", "V4711"), ("PID-18", "ACC77"), ("PV1-50", "ALT1")]
)
def test_the_profile_names_the_field_of_the_visit_number(field: str, number: str) -> None:
    toml = f'[sender.default]\nvisit_number = "{field}"'
    assert stated(adt(visit=pv1(f50="ALT1")), toml).visit == KEY.visit("MERCY", number, "P")


def test_of_several_fields_each_has_numbers_of_its_own() -> None:
    fields = ("PV1-50", "PV1-19", "PID-18")
    toml = f"[sender.default]\nvisit_number = {list(fields)}"
    pid = "PID|1||1^^^MERCY^MR||DOE^JANE|||||||||||||7"
    stating = [pv1(f50="7", f19="8"), pv1(f19="7"), pv1(f19="")]
    cores = [stated(adt(pid=pid, visit=each), toml) for each in stating]
    assert [each.visit_field for each in cores] == ["", "PV1-19", "PID-18"]
    assert len({each.visit for each in cores}) == 3
    prior = ["MRG|1||||||", "MRG|1||||7", "MRG|1||7"]
    changes = [
        stated(adt("A06", mrg, pid=pid.replace("||7", "||9"), visit=each.replace("7", "9")), toml)
        for mrg, each in zip(prior, stating, strict=True)
    ]
    assert [each.prior_visit for each in changes[1:]] == [each.visit for each in cores[1:]]


@pytest.mark.parametrize(
    "numbers", ["V1^^^MERCY^VN", "V2^^^ENT^VN", "0000", "V1^^^AAA^AN", "V1^^^AAA^XX"]
)
def test_the_visit_number_does_not_depend_on_the_order_of_repetitions(numbers: str) -> None:
    usual = stated(adt(visit=pv1(f19="V1^^^MERCY^VN"))).visit
    for field in (f"V1^^^MERCY^VN~{numbers}", f"{numbers}~V1^^^MERCY^VN"):
        assert stated(adt(visit=pv1(f19=field))).visit == usual


def test_a_placeholder_is_not_a_visit_number() -> None:
    core = stated(adt(visit=pv1(f19="00000")), IN_UTC + 'visit_number = "PV1-19"')
    assert core.visit is None
    assert core.flags == ("PV1-19.placeholder",)


def test_visit_numbers_belong_to_the_namespace_of_the_profile_else_to_the_sender() -> None:
    assert stated(adt()).namespace == "MERCY"
    assert stated(adt(msh={4: ""})).namespace == "ADT"
    core = stated(adt(), '[sender.default]\nnamespace = "REGION"')
    assert core.namespace == "REGION"
    assert core.visit == KEY.visit("REGION", "V4711", "P")


def test_movements_are_read_only_if_the_profile_says_so() -> None:
    zbe = "ZBE|4711^ADT^^|20260301||UPDATE|Y|A02"
    assert stated(adt("A02", zbe)).movement is None
    movement = stated(adt("A02", zbe), "[sender.default]\nmovement_ids = true").movement
    assert movement
    assert (movement.action, movement.historic) == ("UPDATE", True)


def test_a_code_that_is_text_is_sealed() -> None:
    raw = adt(visit=pv1(f36="went home with her sister who lives next door to the old post office"))
    core = stated(raw)
    assert core.disposition.startswith("ref:")
    assert core.disposition_code == ""
    assert core.flags == ("PV1-36.text",)
    assert "sister" in sealed(raw)["notes"]["unread"]["PV1-36"]
