// What the panels of the Grade & Quality tab tell one another, by the bus of the Interpolate tab in a room
// of its own: the clip, the moment, the grade, the scopes, the report.

const room = (window.motionSynthGrade ||= { last: {}, ears: {}, tell: bus.tell, forget: bus.forget, on: bus.on });

/** How every plot of this tab looks; `figure` adds to it. */
function plotLayout(figure, height) {
  const axis = { gridcolor: "#20242c", zeroline: false, linecolor: "#363c49", color: "#a6abb7", tickfont: { size: 10 }, fixedrange: true };
  return {
    height, autosize: true, margin: { l: 34, r: 10, t: 8, b: 20 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "#0b0c0f", showlegend: false,
    font: { color: "#a6abb7", size: 11 }, dragmode: false, hovermode: "closest", hoverlabel: { bgcolor: "#1c1f27", bordercolor: "#363c49", font: { color: "#ecebe7", size: 12 } },
    ...figure, xaxis: { ...axis, ...(figure.xaxis || {}) }, yaxis: { ...axis, ...(figure.yaxis || {}) },
  };
}

/** Put a figure into an element, which keeps its node; nothing where Plotly did not come. */
function drawPlot(node, data, layout) {
  if (window.Plotly) Plotly.react(node, data, layout, { displayModeBar: false, responsive: true });
}

/** Keep a plot as wide as its place. */
function followWidth(node) {
  new ResizeObserver(() => { if (node._fullLayout && node.clientWidth) Plotly.Plots.resize(node); }).observe(node);
}

/** Let a text be saved as a file. */
function saveText(name, text, kind) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** The upload of one file as the server takes it. */
async function sendFile(file) {
  const { path, url } = await upload(file);
  return { path, url, orig_name: file.name, size: file.size, meta: { _type: "gradio.FileData" } };
}

/** Files dropped on an element. */
function dropsOn(node, act) {
  for (const kind of ["dragenter", "dragover"]) node.addEventListener(kind, (event) => { event.preventDefault(); node.classList.add("ms-over"); });
  for (const kind of ["dragleave", "drop"]) node.addEventListener(kind, () => node.classList.remove("ms-over"));
  node.addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0]) act(event.dataTransfer.files[0]); });
}

/** The monitor of this tab shows work that another panel began. */
const beginWork = () => document.querySelector("#gq-monitor .ms-monitor")?.dispatchEvent(new Event("begin"));

const TOO_LARGE = "The file could not be sent. It may be larger than this server accepts.";
