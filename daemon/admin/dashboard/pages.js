/// The way through a list that comes in pages: to its newest, and to older ones.
import { query } from "./asking.js";
import { element } from "./element.js";

export class pages {
  /// `route`: the view's, as in "#/events". `size`: of a whole page.
  constructor(route, size) {
    this.route = route;
    this.size = size;
    this.newest = element("a", { class: "button" }, "Newest");
    this.older = element("a", { class: "button" }, "Older");
    this.node = element("nav", { class: "pages", "aria-label": "Pages" }, this.newest, this.older);
  }

  /// `parameters` lead to the page that holds `found`. `end`: what was looked at last, where the search was ended
  /// early.
  show(found, parameters, end = null) {
    this.newest.hidden = !parameters.before;
    this.newest.href = this.route + query({ ...parameters, before: null });
    this.older.hidden = !end && found.length < this.size;
    const before = end?.id ?? found.at(-1)?.id;
    if (before) this.older.href = this.route + query({ ...parameters, before });
    this.node.hidden = this.newest.hidden && this.older.hidden;
  }
}
