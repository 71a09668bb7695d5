"""The little that is said of a DICOM image beside its pixels: words of closed lists, and sizes.

No attribute of the file is copied. A code is looked up here and its word written; a number
is computed from the grid. What no list knows is left out.

Spec: DICOM PS3.3 C.7.3.1.1.1 (Modality), PS3.16 annex L (body parts); what leaves: spec 4
"""

from typing import Final

from pydicom.dataset import Dataset

MODALITIES: Final = {
    "CR": "X-ray", "DX": "X-ray", "MG": "Mammogram", "CT": "CT", "MR": "MRI", "US": "Ultrasound",
    "PT": "PET", "NM": "Nuclear medicine", "XC": "Photograph", "OP": "Photograph of the eye",
}  # fmt: skip
_BODY_PARTS: Final = {
    "ABDOMEN": "abdomen", "ABDOMENPELVIS": "abdomen and pelvis", "ANKLE": "ankle", "ARM": "arm",
    "BRAIN": "brain", "BREAST": "breast", "CALCANEUS": "heel bone", "CHEST": "chest",
    "CLAVICLE": "collarbone", "CSPINE": "cervical spine", "ELBOW": "elbow", "EXTREMITY": "limb",
    "EYE": "eye", "FEMUR": "femur", "FINGER": "finger", "FOOT": "foot", "FOREARM": "forearm",
    "HAND": "hand", "HEAD": "head", "HEART": "heart", "HIP": "hip", "HUMERUS": "humerus",
    "KNEE": "knee", "LEG": "leg", "LSPINE": "lumbar spine", "NECK": "neck", "PELVIS": "pelvis",
    "RIB": "ribs", "SHOULDER": "shoulder", "SKULL": "skull", "SPINE": "spine",
    "THORAX": "chest", "THUMB": "thumb", "TOE": "toe", "TSPINE": "thoracic spine",
    "WRIST": "wrist",
}  # fmt: skip
_VIEWS: Final = {"AP": "AP view", "PA": "PA view", "LL": "lateral view", "RL": "lateral view",
                 "LAT": "lateral view", "CC": "CC view", "MLO": "MLO view"}  # fmt: skip
_SIDES: Final = {"L": "left", "R": "right", "B": "both sides"}
_MOST_MILLIMETERS: Final = 3000


def facts_of(dataset: Dataset) -> str:
    """Return for example `X-ray, chest, PA view, 350 x 430 mm`."""
    side = _word(dataset, "ImageLaterality", _SIDES) or _word(dataset, "Laterality", _SIDES)
    part = _word(dataset, "BodyPartExamined", _BODY_PARTS)
    words = [
        _word(dataset, "Modality", MODALITIES),
        f"{side} {part}".strip(),
        _word(dataset, "ViewPosition", _VIEWS),
        _field_size(dataset),
        _thickness(dataset),
    ]
    return ", ".join(word for word in words if word)


def _word(dataset: Dataset, name: str, words: dict[str, str]) -> str:
    code = dataset.get(name)
    return words.get(code.strip().upper(), "") if isinstance(code, str) else ""


def _field_size(dataset: Dataset) -> str:
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    if spacing is None or len(spacing) != 2:
        return ""
    high, wide = (
        round(float(step) * count)
        for step, count in zip(spacing, (dataset.Rows, dataset.Columns), strict=True)
    )
    sizes = (wide, high)
    return f"{wide} x {high} mm" if all(0 < mm <= _MOST_MILLIMETERS for mm in sizes) else ""


def _thickness(dataset: Dataset) -> str:
    value = dataset.get("SliceThickness")
    if value is None:
        return ""
    millimeters = round(float(value), 1)
    return f"slice {millimeters:g} mm" if 0 < millimeters <= _MOST_MILLIMETERS else ""
