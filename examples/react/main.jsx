// The page around the component: camera and sound begin with a click.
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import calibration from './bars.json' with { type: 'json' };
import { Marimba } from './marimba.jsx';

function App() {
  const [playing, setPlaying] = useState();
  const begin = async () => {
    const context = new AudioContext();
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    setPlaying({ context, stream });
  };
  return playing ? <Marimba calibration={calibration} {...playing} /> : <button onClick={begin}>Play</button>;
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
