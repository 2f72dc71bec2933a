package emulator

import "testing"

func TestDatabase(t *testing.T) {
	a, b := Database(t), Database(t)
	if a == b {
		t.Errorf("two databases are both named %s", a)
	}
}

func TestStartRefusesWhatIsNoEmulator(t *testing.T) {
	for _, path := range []string{"true", "/no/such/binary"} {
		if p, err := start(path); err == nil {
			t.Errorf("start(%s): no error, host %s", path, p.host)
		}
	}
}
