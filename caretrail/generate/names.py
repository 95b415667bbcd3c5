"""The names and streets of generated worlds; all are on these lists, and none is of a real person.

Family names are place names, trades and inventions, not common surnames, so that a reader sees that
the data is synthetic. All texts fit ISO 8859-1, which some senders use.
"""

from typing import Final

FAMILIES: Final = (
    "Abdelrazi", "Achterberg", "Alder", "Ashgrove", "Birchall", "Brambling", "Calloway",
    "Coldstream", "Drummond", "Dunmore", "Eastlake", "Elderfield", "Fairweather", "Fennimore",
    "Garrick", "Greenhalgh", "Hathersage", "Inskip", "Jessop", "Kestrel", "Lindqvister",
    "Marlowe", "Mbekeni", "Nethersole", "Oakden", "Petrovsky-Hale", "Quillan", "Rowntree",
    "Saltmarsh", "Sørlund", "Thornbury", "Tremayne", "Underhill", "Vantongeren", "Villaseñor",
    "Wetherby", "Winterbourne", "Yarrow", "Yewdale", "Zellweger",
)  # fmt: skip

WOMEN: Final = (
    "Beatrix", "Candela", "Constance", "Eulalia", "Ingrid", "Iris", "Maren", "Noor", "Odile",
    "Perpetua", "Rosalind", "Rowena", "Salma", "Tamsin", "Thandeka", "Wilhelmina", "Yuki", "Zoë",
)  # fmt: skip

MEN: Final = (
    "Anselm", "Barnaby", "Caspar", "Emeric", "Henrik", "Idris", "Joaquín", "Kofi", "Leopold",
    "Mateo", "Osric", "René", "Rufus", "Silas", "Tobias", "Ulric", "Wendell", "Yaroslav",
)  # fmt: skip

MIDDLES: Final = ("", "", "A", "C", "E", "J", "M", "R", "T")

CLINICIANS: Final = (
    "MERIWETHER", "OKONJO", "LINDENTHAL", "HARGREAVE", "DELACOURT", "STROUD", "VASQUETTE",
    "IBBOTSON", "NAKAGAWARA", "PENHALIGON", "QUARTERMAIN", "ROSENBLATT-DYE", "TILLOTSON",
    "WARRENDER",
)  # fmt: skip

CLINICIANS_GIVEN: Final = ("ODILE", "SILAS", "MAREN", "IDRIS", "TAMSIN", "HENRIK", "NOOR", "RUFUS")

STREETS: Final = (
    "Tannery Row", "Millrace Lane", "Cooper's Yard", "Ropewalk", "Orchard Hill", "Chandler Street",
    "Larkspur Way", "Quarry Road", "Foundry Walk", "Saltworks Close", "Heron Court", "Ferry Steps",
)  # fmt: skip

#: Town and ZIP code; the towns do not exist.
TOWNS: Final = (
    ("Northfield Bend", "60099"), ("St Brannoc", "60098"), ("Harbour Point", "60097"),
    ("Cedarvale", "60096"), ("Willow Ford", "60095"), ("Maple Ridge Mills", "60094"),
)  # fmt: skip

#: ICD-10-CM code and text, for DG1.
DIAGNOSES: Final = (
    ("I50.9", "Heart failure, unspecified"),
    ("J44.1", "COPD with acute exacerbation"),
    ("N39.0", "Urinary tract infection, site not specified"),
    ("S72.001A", "Fracture of neck of right femur, initial encounter"),
    ("I63.9", "Cerebral infarction, unspecified"),
    ("K80.20", "Calculus of gallbladder without cholecystitis"),
    ("R07.9", "Chest pain, unspecified"),
    ("E11.65", "Type 2 diabetes mellitus with hyperglycaemia"),
    ("M17.11", "Unilateral primary osteoarthritis, right knee"),
    ("A41.9", "Sepsis, unspecified organism"),
)

#: Local code and text, for AL1.
ALLERGIES: Final = (
    ("70618", "Penicillin"), ("2670", "Codeine"), ("10831", "Sulfamethoxazole"),
    ("LATEX", "Natural rubber latex"), ("PEANUT", "Peanut"),
)  # fmt: skip

#: Plan code and payer, for IN1.
PAYERS: Final = (
    ("MCR", "Regional Medicare Plan"), ("MCD", "Prairie Medicaid"),
    ("PRV", "Lakeshore Mutual Health"), ("SELF", "Self-pay"),
)  # fmt: skip

#: Names of practices, for the primary facility in PD1.
PRACTICES: Final = ("Cedar Street Clinic", "Lakeside Physicians", "Orchard Hill Practice")
