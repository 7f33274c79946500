import { mount } from 'svelte';
import App from './App.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
// What stood there until now is index.html's own picture of the frame.
target.replaceChildren();
mount(App, { target });
