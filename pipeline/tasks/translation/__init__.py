"""Translation without attention: the encoder's last state is all that the decoder knows of the source."""
