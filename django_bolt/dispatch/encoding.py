"""JSON as it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from django_bolt.encodable import to_encodable

#: Encodes a result that is not declared, and the data of a ``Response``.
encode: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=to_encodable).encode
