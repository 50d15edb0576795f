export { Component } from './create'
