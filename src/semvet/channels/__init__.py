from semvet.channels.base import Channel
from semvet.channels.awgn import AWGN
CHANNELS={"awgn":AWGN}
