// Sound and titles: music and voices, their levels and fades; words on the picture.

const soundFace = h("div", { class: "ms-face", "data-face": "sound" });
let soundMark = "";
let beatNote = "";

const sound = () => desk.project.sound;
const withSound = (fields, label) => desk.withProject({ sound: { ...sound(), ...fields } }, label);
const withTrack = (at, fields, label) => withSound({ tracks: sound().tracks.map((one, index) => (index === at ? { ...one, ...fields } : one)) }, label);
const withTitle = (at, fields, label) => desk.withProject({ titles: desk.project.titles.map((one, index) => (index === at ? { ...one, ...fields } : one)) }, label);

function addTitle(style = "title") {
  const total = sums().total;
  const now = Math.min(playhead.at, Math.max(0, total - 3));
  const text = { title: desk.project.name === "Untitled" ? "A title" : desk.project.name, lower_third: "A name", caption: "What is said" }[style];
  desk.withProject({ titles: [...desk.project.titles, { text, second_line: "", style, start: Number(now.toFixed(2)), seconds: 3, fade: 0.4, size: 1, colour: "#ffffff" }] });
}

async function findBeats(at) {
  const track = sound().tracks[at];
  beatNote = "Listening for the beat…";
  showSound(true);
  const answer = await ask("beats", { track, film: sums().total });
  beatNote = answer.error || answer.words;
  if (!answer.error) withSound({ beats: answer.beats });
  showSound(true);
}

function showSound(force = false) {
  if (soundFace.hidden) return;
  const mark = JSON.stringify([sound(), desk.project.titles, beatNote]);
  if (!force && mark === soundMark) return;
  soundMark = mark;
  const dB = (one) => `${one > 0 ? "+" : ""}${one} dB`;
  const tracks = sound().tracks.map((track, at) => h("li", { class: "ms-item", "data-track": at },
    h("div", { class: "ms-row" }, h("strong", {}, track.media.name || "Sound"), h("span", { class: "ms-tools" },
      button("Find beats", { kind: "plain", onclick: () => findBeats(at) }),
      button("", { symbol: "clear", kind: "quiet", title: "Remove this sound", onclick: () => withSound({ tracks: sound().tracks.filter((_, index) => index !== at) }) }))),
    h("div", { class: "ms-fields" },
      selectField("Is", track.role, [["music", "Music"], ["voice", "Voice"], ["effect", "Effect"]], (value) => withTrack(at, { role: value })),
      numberField("Begins at, s", track.start, (value) => withTrack(at, { start: Math.max(0, value) }), { min: "0" }),
      numberField("Leave out, s", track.trim_start, (value) => withTrack(at, { trim_start: Math.max(0, value) }), { min: "0" }),
      numberField("Plays for, s", track.seconds, (value) => withTrack(at, { seconds: value && value > 0 ? value : null }), { min: "0", placeholder: "all" }),
      sliderField("Level", track.gain, { min: -40, max: 12, step: 1, words: dB }, (value) => withTrack(at, { gain: value })),
      numberField("Fade in, s", track.fade_in, (value) => withTrack(at, { fade_in: Math.max(0, Math.min(60, value)) }), { min: "0", max: "60" }),
      numberField("Fade out, s", track.fade_out, (value) => withTrack(at, { fade_out: Math.max(0, Math.min(60, value)) }), { min: "0", max: "60" }),
      h("label", { class: "ms-check" }, h("input", { type: "checkbox", checked: track.loop, onchange: (event) => withTrack(at, { loop: event.target.checked }) }), "Again and again"))));
  const loud = sound().loudness;
  const titles = desk.project.titles.map((title, at) => {
    const text = h("input", { class: "ms-input", value: title.text, maxlength: "300", "aria-label": "Text of the title", oninput: () => { if (text.value.trim()) withTitle(at, { text: text.value }, `title ${at}`); } });
    const second = h("input", { class: "ms-input", value: title.second_line, maxlength: "300", placeholder: "Second line", "aria-label": "Second line", oninput: () => withTitle(at, { second_line: second.value }, `title ${at}`) });
    const colour = h("input", { type: "color", class: "ms-colour", value: title.colour, "aria-label": "Colour", onchange: () => withTitle(at, { colour: colour.value }) });
    return h("li", { class: "ms-item", "data-title": at },
      h("div", { class: "ms-row" }, text, button("", { symbol: "clear", kind: "quiet", title: "Remove this title", onclick: () => desk.withProject({ titles: desk.project.titles.filter((_, index) => index !== at) }) })),
      title.style === "caption" ? null : second,
      h("div", { class: "ms-fields" },
        selectField("Style", title.style, [["title", "Title"], ["lower_third", "Lower third"], ["caption", "Caption"]], (value) => withTitle(at, { style: value })),
        numberField("Begins at, s", title.start, (value) => withTitle(at, { start: Math.max(0, value) }), { min: "0" }),
        numberField("Stays for, s", title.seconds, (value) => withTitle(at, { seconds: Math.max(0.1, value) }), { min: "0.1" }),
        numberField("Fade, s", title.fade, (value) => withTitle(at, { fade: Math.max(0, Math.min(5, value)) }), { min: "0", max: "5" }),
        sliderField("Size", title.size, { min: 0.2, max: 4, step: 0.1, words: (one) => `${short(one)} ×` }, (value) => withTitle(at, { size: value })),
        h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, "Colour"), colour)));
  });
  const focused = document.activeElement && soundFace.contains(document.activeElement) && document.activeElement.matches("input[aria-label]") ? document.activeElement : null;
  if (focused && !force && focused.type !== "range" && soundFace.querySelectorAll(".ms-item").length === tracks.length + titles.length) return; // somebody types in it
  fill(soundFace,
    h("div", { class: "ms-row ms-wrap" },
      button("Add music", { symbol: "plus", kind: "plain", id: "sq-add-music", onclick: () => pickFiles("music") }),
      button("Add a voice", { symbol: "plus", kind: "plain", onclick: () => pickFiles("voice") }),
      button("Add a title", { symbol: "plus", kind: "plain", id: "sq-add-title", onclick: () => addTitle("title") }),
      button("Lower third", { symbol: "plus", kind: "plain", onclick: () => addTitle("lower_third") }),
      button("Caption", { symbol: "plus", kind: "plain", onclick: () => addTitle("caption") })),
    beatNote ? h("p", { class: "ms-note", role: "status" }, beatNote) : null,
    tracks.length ? h("ul", { class: "ms-items" }, tracks) : null,
    h("div", { class: "ms-fields" },
      sliderField("Music ducks by", sound().ducking, { min: 0, max: 40, step: 1, words: (one) => (one ? `${one} dB` : "not") }, (value) => withSound({ ducking: value })),
      selectField("Loudness", loud === null ? "" : loud, [[-14, "−14 LUFS, the web"], [-16, "−16 LUFS, podcasts"], [-23, "−23 LUFS, broadcast"], ["", "As it is"], ...([-14, -16, -23, null].includes(loud) ? [] : [[loud, `${loud} LUFS`]])], (value) => withSound({ loudness: value === "" ? null : Number(value) }), "sq-loudness")),
    titles.length ? h("ul", { class: "ms-items" }, titles) : null);
}

desk.on("doc", () => showSound());
