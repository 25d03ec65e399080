"""From a drop to events, rejects and a receipt: drops → reading → framing → detect → parse → upload."""
