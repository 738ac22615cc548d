// Kakao's five seconds, drawn as they pass.
/** Runs in `element`, with the seconds in `figure`; `at` is where the bot itself gives up waiting. */
export class Clock {
  constructor(element, figure, words) {
    this.element = element;
    this.bar = element.querySelector("i");
    this.figure = figure;
    this.words = words;
    this.most = Number(words.kakaoSeconds);
    element.querySelector("b").style.insetInlineStart = `${Math.min(1, Number(words.replySeconds) / this.most) * 100}%`;
  }

  start() {
    this.started = performance.now();
    this.element.className = "clock running";
    cancelAnimationFrame(this.frame);
    const tick = () => {
      this.show((performance.now() - this.started) / 1000);
      this.frame = requestAnimationFrame(tick);
    };
    tick();
  }

  stop(seconds, good) {
    cancelAnimationFrame(this.frame);
    this.element.className = `clock ${good ? "in-time" : "too-late"}`;
    this.show(seconds);
  }

  show(seconds) {
    this.bar.style.transform = `scaleX(${Math.min(1, seconds / this.most)})`;
    this.figure.textContent = `${seconds.toFixed(1)}${this.words.seconds}`;
  }
}
