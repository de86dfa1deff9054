// A component that plays what a camera sees for as long as it is shown.
import { listen, midiToName } from 'deep-marimba';
import workletUrl from 'deep-marimba/worklet?url';
import { useEffect, useRef, useState } from 'react';

export function Marimba({ stream, context, calibration }) {
  const video = useRef(null);
  const [struck, setStruck] = useState([]);

  useEffect(() => {
    const leaving = new AbortController();
    video.current.srcObject = stream;
    const listening = listen(stream, { calibration, context, workletUrl, signal: leaving.signal });
    listening.then(
      (ear) => {
        ear.output.connect(context.destination);
        ear.addEventListener('strike', ({ detail }) => setStruck((before) => [...before, midiToName(detail.midi)]));
      },
      () => undefined, // Left before it began.
    );
    return () => {
      leaving.abort();
      listening.then(
        (ear) => ear.stop(),
        () => undefined,
      );
    };
  }, [stream, context, calibration]);

  return (
    <>
      <video ref={video} autoPlay playsInline muted />
      <p>
        Struck: <output>{struck.join(' ')}</output>
      </p>
    </>
  );
}
