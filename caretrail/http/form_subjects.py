"""Who and what a form is about: the patient, and the referral, the discharge or the work item."""

from dataclasses import dataclass

from starlette.requests import Request

from caretrail.http.site import Site
from caretrail.web.command_form import ShownForm
from caretrail.web.command_page import Asked, FormSubject
from caretrail.web.patients_page import person_words
from caretrail.web.referral_pages import referral_title
from caretrail.web.work_page import item_words
from domain import referral, work
from domain.errors import AccessReasonMissing, RoleNotAllowed
from domain.ids import IdKey, PatientId, StatementRef
from domain.transition.stream import KIND as TRANSITION
from domain.transition.stream import stream_of_anchor
from projections.referral_loop import referrals
from projections.transition import transitions_of_patient
from projections.work_list import WorkItemRow, item


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubjects:
    """Finds what the heading of a form says, so that it is not filled in for another patient."""

    site: Site
    id_key: IdKey

    def of(
        self, request: Request, asked: Asked, form: ShownForm, *, read: bool
    ) -> FormSubject | None:
        """Return what a form is about; None if it names no patient, or none that may be shown.

        Args:
            request: The request. That it shows the name of a patient is recorded.
            asked: The command.
            form: Its fields, which name the work item or the encounter.
            read: Whether the request has recorded its read of the patient already.

        Raises:
            AccessNotRecorded: The page must not leave.
        """
        owed = self._item(asked, form)
        patient = asked.patient or (owed.patient_id if owed else None)
        if patient is None:
            return None
        if not read:
            try:
                self.site.reads.of_person(request, patient)
            except (AccessReasonMissing, RoleNotAllowed):
                return None
        person = self.site.reader.summary(patient)
        if person is None:
            return None
        name, about = person_words(person, self.site.now(), self.site.words)
        return FormSubject(
            name=name,
            about=about,
            concerns=item_words(owed) if owed else self._concerns(asked, form, patient),
        )

    def _item(self, asked: Asked, form: ShownForm) -> WorkItemRow | None:
        named = form.value("item")
        if asked.shape.KIND is not work.KIND or not named:
            return None
        with self.site.reader.connection() as connection:
            return item(connection, work.ItemId(named))

    def _concerns(self, asked: Asked, form: ShownForm, patient: PatientId) -> str:
        """Return the referral or the discharge that a form is about; empty: neither."""
        with self.site.reader.connection() as connection:
            if asked.shape.KIND is referral.KIND and asked.stream is not None:
                found = referrals(connection, stream=asked.stream)
                return referral_title(found[0]) if found else ""
            if asked.shape.KIND is not TRANSITION:
                return ""
            rows = transitions_of_patient(connection, patient)
        named = form.value("encounter")
        for row in rows:
            refs = [StatementRef(each) for each in (row.encounter_id, row.discharge_ref) if each]
            streams = {stream_of_anchor(self.id_key, each) for each in refs}
            if row.discharge_at and (named in refs or asked.stream in streams):
                words = self.site.words
                when = words.moment(
                    row.discharge_at, row.discharge_precision or "second", year=True
                )
                return f"Discharge from {words.facility(row.facility)}, {when}"
        return ""
